/** What a command writes, kept in place of being shown; for as long as vitest's mocks stand. */
import { vi } from 'vitest';

export interface Heard {
  out: string;
  err: string;
}

export function hearWrites(): Heard {
  const heard: Heard = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    heard.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    heard.err += String(text);
    return true;
  });
  return heard;
}
