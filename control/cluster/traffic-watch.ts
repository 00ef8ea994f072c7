/**
 * How the traffic of canary nodes and of the rest fares while a version is tried out: asks each node twice a second, and
 * reckons from the first answer on. Owns those answers; a control that comes later begins with its own first ones.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { TrafficCounts, TrafficReport } from '@weir/proto/events/traffic.js';
import { type Evidence, nothing, since, sumOf } from '../rollout/judge.js';
import type { Candidate } from '../rollout/rollout.js';
import { askEach } from './ask-each.js';
import type { NodesSeen } from './nodes-seen.js';

export const ASK_EVERY_MS = 500;

interface Watched {
  readonly host: string;
  /** When this stage began, or when it was met. */
  readonly first: TrafficReport;
  latest: TrafficReport;
  /** Of lives that have ended since. */
  before: TrafficCounts;
}

export class TrafficWatch {
  readonly #presence: Pick<Presence, 'ask'>;
  readonly #seen: Pick<NodesSeen, 'there'>;
  readonly #watched = new Map<string, Watched>();
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  constructor(presence: Pick<Presence, 'ask'>, seen: Pick<NodesSeen, 'there'>) {
    this.#presence = presence;
    this.#seen = seen;
  }

  begin(): void {
    this.#watched.clear();
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Asks when it is time to; whoever does not answer is asked again the next time. */
  async look(nowMs: number): Promise<void> {
    if (this.#isAsking || nowMs - this.#askedAtMs < ASK_EVERY_MS) return;
    this.#askedAtMs = nowMs;
    this.#isAsking = true;
    try {
      for await (const { host, report } of this.#ask()) this.#take(host, report);
    } finally {
      this.#isAsking = false;
    }
  }

  /** Who may try something out, with their labels: of several workers those that all of them have, which is what they were started with. */
  async candidates(): Promise<readonly Candidate[]> {
    const hosts = new Map<string, readonly string[]>(this.#seen.there().map(({ host }) => [host, []]));
    for await (const { host, report } of this.#ask()) hosts.set(host, report.labels);
    return [...hosts].map(([id, labels]) => ({ id, labels }));
  }

  evidence(canary: readonly string[]): Evidence {
    const own: TrafficCounts[] = [];
    const rest: TrafficCounts[] = [];
    for (const { host, first, latest, before } of this.#watched.values()) {
      const counts =
        latest.session === first.session ? since(latest.counts, first.counts) : sumOf([before, latest.counts]);
      (canary.includes(host) ? own : rest).push(counts);
    }
    return { canary: sumOf(own), rest: sumOf(rest) };
  }

  async *#ask(): AsyncGenerator<{ readonly host: string; readonly report: TrafficReport }> {
    for await (const { asked, message } of askEach(
      this.#presence,
      'traffic',
      this.#seen.there(),
      ({ member }) => member,
    ))
      if (message.kind === 'traffic' && message.id === asked.member) yield { host: asked.host, report: message };
  }

  #take(host: string, report: TrafficReport): void {
    const known = this.#watched.get(report.id);
    if (known === undefined) {
      this.#watched.set(report.id, { host, first: report, latest: report, before: nothing });
      return;
    }
    if (known.latest.session !== report.session) {
      const isFirst = known.latest.session === known.first.session;
      const ended = isFirst ? since(known.latest.counts, known.first.counts) : known.latest.counts;
      known.before = sumOf([known.before, ended]);
    }
    known.latest = report;
  }
}
