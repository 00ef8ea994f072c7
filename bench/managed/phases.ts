/** CPU by phase: how much of it each took, the median of all times since the last look. */
export class Phases {
  /** Of what is carried from one to the other. */
  size = 0;
  #took = new Map<string, number[]>();

  async timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    const began = process.cpuUsage();
    const result = await work();
    const { user, system } = process.cpuUsage(began);
    this.#took.set(what, [...(this.#took.get(what) ?? []), (user + system) / 1_000]);
    return result;
  }

  print(title: string): void {
    process.stdout.write(`\n${title}\n`);
    let sum = 0;
    for (const [what, took] of this.#took) {
      const median = took.sort((a, b) => a - b)[Math.floor(took.length / 2)] ?? 0;
      sum += median;
      process.stdout.write(`  ${what.padEnd(44)} ${median.toFixed(1).padStart(9)} ms of CPU\n`);
    }
    const rss = Math.round(process.memoryUsage.rss() / 2 ** 20);
    process.stdout.write(`  ${'all of it'.padEnd(44)} ${sum.toFixed(1).padStart(9)} ms of CPU\n`);
    process.stdout.write(`  ${(this.size / 2 ** 20).toFixed(1)} MiB, this process ${rss} MiB\n`);
    this.#took = new Map();
  }
}
