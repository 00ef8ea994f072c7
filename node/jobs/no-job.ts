/**
 * Word for those below `handOver` that no job will be made of a request: until then they work under the limits of a job,
 * and from then on under those of the client, who waits. Said at most once. Written by hand-over; heard by whatever has
 * a timer that depends on it.
 */
export class NoJob {
  #isCertain = false;
  readonly #hearers = new Set<() => void>();

  get isCertain(): boolean {
    return this.#isCertain;
  }

  /** Returns what takes `hear` off again; as many listen as attempts are under way, and a fallback. */
  listen(hear: () => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  tell(): void {
    this.#isCertain = true;
    const hearers = [...this.#hearers];
    // One that hears it may end another, which has taken itself off by then.
    for (const hear of hearers) if (this.#hearers.delete(hear)) hear();
  }
}
