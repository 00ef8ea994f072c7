/** The files of deploy/nats as an operator would use them: for a cluster of another name, other ports, and passwords. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { whyNotGreeted } from '@weir/proto/bus/nats-dial.js';
import { programPath } from './programs.js';
import { freePort, type Program, type Stage, until } from './stage.js';

export const natsFolder = fileURLToPath(new URL('../../deploy/nats/', import.meta.url));

export interface HouseNats {
  readonly port: number;
  readonly program: Program;
}

/** Of the test's own process, from which all that it starts has them. */
export const natsPasswords = { control: 'pControl1', node: 'pNode1', observer: 'pObserver1' } as const;

export function givePasswords(env: NodeJS.ProcessEnv): void {
  env['WEIR_CONTROL_PASSWORD'] = natsPasswords.control;
  env['WEIR_NODE_PASSWORD'] = natsPasswords.node;
  env['WEIR_OBSERVER_PASSWORD'] = natsPasswords.observer;
}

/** For processes of Weir, which fill it in themselves. */
export function urlFor(
  role: 'control' | 'node',
  ports: readonly number[],
  scheme = 'nats',
  host = '127.0.0.1',
): string {
  const password = role === 'control' ? 'WEIR_CONTROL_PASSWORD' : 'WEIR_NODE_PASSWORD';
  return ports.map((port) => `${scheme}://${role}:\${${password}}@${host}:${port}`).join();
}

/** Copies the files; `edit` changes the one that is started with, further than ports and folder. */
export async function startHouseNats(
  stage: Stage,
  cluster: string,
  { file = 'nats.conf', port, tls, edit = (text) => text }: HouseStart = {},
): Promise<HouseNats> {
  const [folder, at] = [stage.folder(), port ?? (await freePort())];
  cpSync(natsFolder, folder, { recursive: true });
  const permissions = join(folder, 'permissions.conf');
  // As that file says it is done.
  const renamed = readFileSync(permissions, 'utf8')
    .replaceAll('weir.main.', `weir.${cluster}.`)
    .replaceAll('weir_main_', `weir_${cluster}_`);
  writeFileSync(permissions, renamed);
  const main = join(folder, file);
  const own = readFileSync(main, 'utf8')
    .replace('listen: 0.0.0.0:4222', `listen: 127.0.0.1:${at}`)
    .replace('http: 127.0.0.1:8222', 'http: 127.0.0.1:-1')
    .replace('/var/lib/nats', join(folder, 'store'));
  if (tls !== undefined) {
    const block = join(folder, 'tls.conf');
    const filled = readFileSync(block, 'utf8')
      .replace('/etc/nats/tls.crt', tls.certFile)
      .replace('/etc/nats/tls.key', tls.keyFile)
      .replace('/etc/nats/ca.crt', tls.caFile);
    writeFileSync(block, filled);
  }
  writeFileSync(main, edit(tls === undefined ? own : own.replace('# include ./tls.conf', 'include ./tls.conf')));
  const program = stage.run(programPath('nats-server'), ['-c', main], folder);
  await until(
    async () => {
      if (program.isOver()) throw new Error(`nats-server ended:\n${program.said()}`);
      return (await whyNotGreeted({ host: '127.0.0.1', port: at })) === null;
    },
    () => `nats-server does not greet:\n${program.said()}`,
  );
  return { port: at, program };
}

export interface HouseStart {
  readonly file?: string;
  readonly port?: number;
  /** With TLS, as it is when the last line of the file is let in. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };
  readonly edit?: (text: string) => string;
}
