/** What holding a request to its contract came to: the words are public, they stand in the access log and label a metric. Pure. */

export const contractVerdicts = [
  /** It fits. */
  'fits',
  /** It does not, the answer says so, and it went on. */
  'told',
  /** It does not, and was answered 400, 413 or 415. */
  'refused',
] as const;
export type ContractVerdict = (typeof contractVerdicts)[number];
