/** V8's sampling of a process that was started with `--inspect`, over its inspector (Chrome DevTools Protocol, domain Profiler). */
import { once } from 'node:events';
import { WebSocket } from 'undici';
import { type Running, untilFound } from '../start/processes.js';
import type { CpuProfile } from './profile.js';

/** Makes each process that is started with it listen for an inspector, on a port of the loopback that is free. */
export const inspectable: Readonly<Record<string, string>> = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

const ANSWER_WITHIN_MS = 30_000;

export interface Inspector {
  /** Begins to take a sample of the main thread each so many µs. */
  start(intervalUs: number): Promise<void>;
  stop(): Promise<CpuProfile>;
  close(): void;
}

/** Finds the process with this id among all that were started by `running`. Throws where none says that it listens for an inspector. */
export async function inspect(running: Running, pid: number): Promise<Inspector> {
  const tried = new Set<string>();
  for (;;) {
    const url = await untilFound(running, `inspector of process ${pid}`, () =>
      [...running.output().matchAll(/ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/g)]
        .map(([one]) => one)
        .find((one) => !tried.has(one)),
    );
    tried.add(url);
    const session = await Session.open(url);
    if ((await session.call('Runtime.evaluate', { expression: 'process.pid' })).result.value === pid) {
      await session.call('Profiler.enable', {});
      return {
        start: async (interval) => {
          await session.call('Profiler.setSamplingInterval', { interval });
          await session.call('Profiler.start', {});
        },
        stop: async () => (await session.call('Profiler.stop', {})).profile,
        close: () => session.close(),
      };
    }
    session.close();
  }
}

/** What is asked, and what the answers hold, as far as they are read. */
interface Answers {
  'Runtime.evaluate': { readonly result: { readonly value: unknown } };
  'Profiler.enable': unknown;
  'Profiler.setSamplingInterval': unknown;
  'Profiler.start': unknown;
  'Profiler.stop': { readonly profile: CpuProfile };
}

class Session {
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: string): Promise<Session> {
    const socket = new WebSocket(url);
    await once(socket, 'open', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return new Session(socket);
  }

  /** One at a time. Throws with what the inspector says where it refuses, and where it does not answer in time. */
  async call<Method extends keyof Answers>(method: Method, params: object): Promise<Answers[Method]> {
    this.#calls += 1;
    const id = this.#calls;
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    this.#socket.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [event] = await once(this.#socket, 'message', { signal });
      const message = JSON.parse(String(event.data));
      // Events of the inspector have no id.
      if (message.id !== id) continue;
      if (message.error !== undefined) throw new Error(`inspector: ${method}: ${message.error.message}`);
      return message.result;
    }
  }

  close(): void {
    this.#socket.close();
  }
}
