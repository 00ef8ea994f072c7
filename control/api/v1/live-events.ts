/**
 * What the live page hears, as server-sent events (HTML Living Standard, 9.2): each second the last whole second of all calls, and what has changed
 * of nodes and of the registry. Ends where its reader goes, which is noticed by the next write. Bounded by readers.
 */
import type { Insight } from '../../insight/insight.js';

export interface LiveSources {
  readonly insight: Pick<Insight, 'onSecond'>;
  readonly registry: { readonly number: number };
  readonly nodes: () => Promise<unknown>;
  readonly pass: (ms: number) => Promise<void>;
}

export const readersMax = 100;
const SECOND_MS = 1_000;

export class LiveEvents {
  readonly #sources: LiveSources;
  #readers = 0;

  constructor(sources: LiveSources) {
    this.#sources = sources;
  }

  /** Null: there are too many readers. */
  open(): AsyncIterable<string> | null {
    if (this.#readers >= readersMax) return null;
    this.#readers += 1;
    let isOpen = true;
    const close = (): void => {
      if (isOpen) this.#readers -= 1;
      isOpen = false;
    };
    const events = eventsOf(this.#sources);
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => events.next(),
        // A reader that goes ends the iteration by this.
        async return() {
          close();
          return events.return(undefined);
        },
      }),
    };
  }
}

async function* eventsOf({ insight, registry, nodes, pass }: LiveSources): AsyncGenerator<string, undefined> {
  let second: unknown = null;
  let isTold = true;
  const end = insight.onSecond((point) => {
    second = point;
    isTold = false;
  });
  try {
    yield 'retry: 2000\n\n';
    let [lastNodes, lastRegistry] = ['', ''];
    for (;;) {
      if (!isTold) {
        isTold = true;
        yield event('second', JSON.stringify(second));
      }
      const told = JSON.stringify(await nodes());
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
}

/** JSON has no line breaks of its own. */
function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
