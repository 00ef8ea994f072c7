/** A process of the demo: started from a program beside this file, spoken to over its channel, ended by its id. */
import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMessage } from './messages.js';

export interface Child {
  send<M extends { readonly kind: string }>(message: M): void;
  on<M extends { readonly kind: string }>(kind: M['kind'], listener: (message: M) => void): void;
  /** The next message of a kind. */
  next<M extends { readonly kind: string }>(kind: M['kind'], withinMs: number): Promise<M>;
  /** Throws when the process has ended by itself. */
  assertAlive(): void;
  stop(): Promise<void>;
}

const STOP_GRACE_MS = 2_000;
const POLL_MS = 10;

export function startChild(program: string, args: readonly string[]): Child {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let failure: Error | null = null;
  let stopped = false;
  child.on('error', (error) => {
    failure = error;
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const untilEnded = async (withinMs: number): Promise<void> => {
    for (let waitedMs = 0; !hasEnded() && waitedMs < withinMs; waitedMs += POLL_MS) await sleep(POLL_MS);
  };
  const assertAlive = (): void => {
    if (failure !== null || hasEnded())
      throw new Error(`the demo's ${program} has ended by itself`, { cause: failure });
  };
  return {
    send: (message) => {
      // A channel that is closed is reported by assertAlive; an error event without a callback would be thrown.
      if (child.connected) child.send(message, () => {});
    },
    on: (kind, listener) => {
      child.on('message', (message) => {
        if (isMessage<Parameters<typeof listener>[0]>(message, kind)) listener(message);
      });
    },
    async next<M extends { readonly kind: string }>(kind: M['kind'], withinMs: number): Promise<M> {
      let received: M | null = null;
      child.on('message', (message) => {
        if (isMessage<M>(message, kind)) received ??= message;
      });
      for (let waitedMs = 0; waitedMs < withinMs; waitedMs += POLL_MS) {
        if (received !== null) return received;
        assertAlive();
        await sleep(POLL_MS);
      }
      throw new Error(`the demo's ${program} said nothing for ${withinMs} ms`);
    },
    assertAlive,
    async stop() {
      if (stopped || hasEnded()) return;
      stopped = true;
      child.kill('SIGTERM');
      await untilEnded(STOP_GRACE_MS);
      if (hasEnded()) return;
      child.kill('SIGKILL');
      await untilEnded(STOP_GRACE_MS);
    },
  };
}
