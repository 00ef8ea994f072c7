/** What a scrape says, whole. */
export const textOf = async (pieces: Promise<readonly string[]>): Promise<string> => (await pieces).join('');
