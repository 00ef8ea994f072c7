/** A nats-server of the test's own, on a free port. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { whyNotGreeted } from '@weir/proto/bus/nats-dial.js';
import { programPath } from './programs.js';
import { sendSignal } from './send-signal.js';
import { freePort, type Program, type Stage, until } from './stage.js';

export interface NatsServer {
  readonly port: number;
  readonly url: string;
  readonly program: Program;
  /** At once; its port stays free for `startNats(stage, { port })`. */
  kill(): Promise<void>;
  /** Stops it in mid-air, or lets it go on: connections stay, answers don't come. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

export interface NatsStart {
  readonly port?: number;
  /** More of its configuration file. */
  readonly config?: string;
}

export async function startNats(stage: Stage, { port, config = '' }: NatsStart = {}): Promise<NatsServer> {
  const at = port ?? (await freePort());
  const folder = stage.folder();
  const file = join(folder, 'nats.conf');
  writeFileSync(file, `listen: "127.0.0.1:${at}"\n${config}\n`);
  const program: Program = stage.run(programPath('nats-server'), ['-c', file], folder);
  await until(
    async () => {
      if (program.isOver()) throw new Error(`nats-server ended:\n${program.said()}`);
      return (await whyNotGreeted({ host: '127.0.0.1', port: at })) === null;
    },
    () => `nats-server does not greet:\n${program.said()}`,
  );
  return {
    port: at,
    url: `nats://127.0.0.1:${at}`,
    program,
    async kill() {
      program.child.kill('SIGKILL');
      await program.exited;
    },
    signal: (signal) => sendSignal(program.child, signal),
  };
}
