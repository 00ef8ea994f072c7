/** The few signs of the console, drawn here: no font and no other host is asked for them. All stand beside words, or in labelled buttons. */
import type { ReactNode } from 'react';

export function Logo() {
  return (
    <svg width="92" height="28" viewBox="0 0 92 28" aria-hidden="true">
      <rect width="28" height="28" rx="7" fill="#0b7285" />
      <path
        d="M4 10.500c3 0 3 2.600 6 2.600s3-2.600 6-2.600 3 2.600 8 2.600M4 16.500c3 0 3 2.600 6 2.600s3-2.600 6-2.600 3 2.600 8 2.600"
        fill="none"
        stroke="#fff"
        strokeWidth="2.200"
        strokeLinecap="round"
      />
      <text x="38" y="21" fontSize="20" fontWeight="700" fill="currentColor">
        Weir
      </text>
    </svg>
  );
}

export function Sun() {
  return (
    <Sign>
      <circle cx="12" cy="12" r="4.500" />
      <path d="M12 1v3M12 20v3M1 12h3M20 12h3M4.200 4.200l2.100 2.100M17.700 17.700l2.100 2.100M4.200 19.800l2.100-2.100M17.700 6.300l2.100-2.100" />
    </Sign>
  );
}

export function Moon() {
  return (
    <Sign>
      <path d="M20.500 14.500A8.500 8.500 0 0 1 9.500 3.500a8.500 8.500 0 1 0 11 11z" strokeLinejoin="round" />
    </Sign>
  );
}

/** Drawn by lines of the text's colour. */
function Sign({ children }: { children: ReactNode }) {
  return (
    <svg
      width="18"
      height="18"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}
