/** A link to another page of the console, as rows have it: one element and a class. Fifty links of the component library were a good part of a list’s script. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';

interface ToProps {
  readonly href: string;
  /** What the row is about. */
  readonly isMain?: boolean;
  readonly children: ReactNode;
}

export function To({ href, isMain = false, children }: ToProps) {
  return (
    <Link href={href} className={isMain ? 'to main' : 'to'}>
      {children}
    </Link>
  );
}
