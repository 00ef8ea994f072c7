/** The client process as the runner holds it: it is told what to do, and what it reports is kept until it is asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Linked, startLinked } from '../start/processes.js';
import { type Begin, type ClientReport, isMessage, type LoadPlan } from './messages.js';
import { builtProgram } from './replicas.js';

type Report<K extends ClientReport['kind']> = Extract<ClientReport, { kind: K }>;

export interface LoadClient {
  send(message: LoadPlan | Begin): void;
  /** The next report of this kind; each is handed out once. */
  next<K extends ClientReport['kind']>(kind: K, withinMs: number, signal: AbortSignal): Promise<Report<K>>;
}

const LOOK_EVERY_MS = 50;

export function startLoadClient(core: number, cwd: string, onStarted: (process: Linked) => void): LoadClient {
  const args = [builtProgram('./client/client.js')];
  const linked = startLinked({ name: 'client', command: process.execPath, args, core, cwd });
  onStarted(linked);
  const kept = new Map<ClientReport['kind'], ClientReport>();
  linked.onMessage((message) => {
    for (const kind of ['warm', 'samples'] as const) {
      if (isMessage<ClientReport>(message, kind)) kept.set(kind, message);
    }
  });
  return {
    send: (message) => linked.send({ ...message }),
    next: async <K extends ClientReport['kind']>(kind: K, withinMs: number, signal: AbortSignal) => {
      const giveUpAtMs = performance.now() + withinMs;
      while (!kept.has(kind)) {
        linked.assertAlive();
        if (performance.now() > giveUpAtMs) throw new Error(`the client did not report ${kind} within ${withinMs} ms`);
        await sleep(LOOK_EVERY_MS, undefined, { signal });
      }
      const report = kept.get(kind);
      kept.delete(kind);
      return report as Report<K>; // Kept under its own kind by the listener above.
    },
  };
}
