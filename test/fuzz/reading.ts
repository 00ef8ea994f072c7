/** What a reader makes of an answer, in a form in which readers can be compared. */
export interface Reading {
  /** Null: no head was taken. */
  status: number | null;
  /** Names in lower case, blanks around values gone. */
  fields: string[];
  body: string;
  whole: boolean;
}

export const nothing = (): Reading => ({ status: null, fields: [], body: '', whole: false });

export const trimmed = (raw: readonly string[]): string[] =>
  raw.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text.replace(/^[ \t]+|[ \t]+$/g, '')));
