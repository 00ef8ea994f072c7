/** What became of answers that are made smaller here; the names are public, they are labels of one metric. */
export const smaller = [
  'paged',
  /** A page that ended early, for its bytes. */
  'page_cut',
  'page_refused',
  /** Its client had all of it when what it was made of failed. */
  'outlived',
] as const;
export type Smaller = (typeof smaller)[number];
