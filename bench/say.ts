/** What a benchmark tells of its progress: on standard error, for its table is what it prints. */
export const say = (line: string): boolean => process.stderr.write(`${line}\n`);
