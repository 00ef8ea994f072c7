/** What a scrape says, whole. */
export const textOf = async (pieces: Promise<readonly Buffer[]>): Promise<string> =>
  Buffer.concat(await pieces).toString();
