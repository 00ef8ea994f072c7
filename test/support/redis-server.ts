/** A redis-server of the test's own, on a free port, without a file on disk: what is killed has forgotten everything. */
import { connect } from 'node:net';
import { programPath } from './programs.js';
import { sendSignal } from './send-signal.js';
import { freePort, type Program, passed, type Stage, until } from './stage.js';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly program: Program;
  /** At once; its port stays free for `startRedis(stage, port)`. */
  kill(): Promise<void>;
  /** Stops it in mid-air, or lets it go on: connections stay, answers don't come. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

export async function startRedis(stage: Stage, port?: number): Promise<RedisServer> {
  const at = port ?? (await freePort());
  const options = ['--save', '', '--appendonly', 'no', '--loglevel', 'warning', '--bind', '127.0.0.1'];
  const program = stage.run(programPath('redis-server'), ['--port', String(at), ...options], stage.folder());
  await until(
    () => answersPing(at, program),
    () => `redis-server does not answer:\n${program.said()}`,
  );
  return {
    port: at,
    url: `redis://127.0.0.1:${at}`,
    program,
    async kill() {
      program.child.kill('SIGKILL');
      await program.exited;
    },
    signal: (signal) => sendSignal(program.child, signal),
  };
}

function answersPing(port: number, program: Program): Promise<boolean> {
  if (program.isOver()) throw new Error(`redis-server ended:\n${program.said()}`);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const done = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.on('data', (bytes) => done(bytes.toString().startsWith('+PONG')));
    socket.on('error', () => done(false));
    void passed(1_000).then(() => done(false));
  });
}
