/**
 * What the live page hears, as server-sent events (HTML Living Standard, 9.2): each second the last whole second of all calls, and what has changed
 * of nodes and of the registry. Ends where its reader goes, which is noticed by the next write, and where its reader may not hear it any more, which is
 * looked at before each turn. Bounded by readers; what nodes say is asked for once a second, however many read.
 */
import type { Insight } from '../../insight/insight.js';

export interface LiveSources {
  readonly insight: Pick<Insight, 'onSecond'>;
  readonly registry: { readonly number: number };
  /** In a cluster each node is asked. */
  readonly nodes: () => Promise<unknown>;
  readonly pass: (ms: number) => Promise<void>;
  readonly wallMs: () => number;
}

export const readersMax = 100;
const SECOND_MS = 1_000;

export class LiveEvents {
  readonly #sources: LiveSources;
  #readers = 0;
  #nodes: { readonly atMs: number; readonly text: Promise<string> } | null = null;

  constructor(sources: LiveSources) {
    this.#sources = sources;
  }

  /** `mayHear`: two look-ups in memory, of the credential and of its user. Null: there are too many readers. */
  open(mayHear: () => boolean): AsyncIterable<string> | null {
    if (this.#readers >= readersMax) return null;
    this.#readers += 1;
    let isOpen = true;
    const close = (): void => {
      if (isOpen) this.#readers -= 1;
      isOpen = false;
    };
    const events = this.#events(mayHear);
    return {
      [Symbol.asyncIterator]: () => ({
        async next() {
          // However it ends: it was withdrawn, or what it tells of has failed.
          const step = await events.next().catch((error: unknown) => {
            close();
            throw error;
          });
          if (step.done === true) close();
          return step;
        },
        // A reader that goes ends the iteration by this.
        async return() {
          close();
          return events.return(undefined);
        },
      }),
    };
  }

  async *#events(mayHear: () => boolean): AsyncGenerator<string, undefined> {
    const { insight, registry, pass } = this.#sources;
    let second: unknown = null;
    let isTold = true;
    const end = insight.onSecond((point) => {
      second = point;
      isTold = false;
    });
    try {
      yield 'retry: 2000\n\n';
      let [lastNodes, lastRegistry] = ['', ''];
      while (mayHear()) {
        if (!isTold) {
          isTold = true;
          yield event('second', JSON.stringify(second));
        }
        const told = await this.#nodesNow();
        // Nodes may have taken their time.
        if (!mayHear()) break;
        if (told !== lastNodes) yield event('nodes', told);
        lastNodes = told;
        const number = JSON.stringify({ number: registry.number });
        if (number !== lastRegistry) yield event('registry', number);
        lastRegistry = number;
        await pass(SECOND_MS);
      }
    } finally {
      end();
    }
    return undefined;
  }

  #nodesNow(): Promise<string> {
    const { nodes, wallMs } = this.#sources;
    const nowMs = wallMs();
    const known = this.#nodes;
    // A clock that was set back makes it new, too.
    if (known !== null && Math.abs(nowMs - known.atMs) < SECOND_MS) return known.text;
    const text = nodes().then((told) => JSON.stringify(told));
    this.#nodes = { atMs: nowMs, text };
    return text;
  }
}

/** JSON has no line breaks of its own. */
function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
