/** The test's end of upstream-process.ts: starts it and asks what it has seen. */
import { compiled, ensureBuilt } from './built.js';
import type { Stage } from './stage.js';

export interface Upstream {
  readonly port: number;
  readonly pid: number;
  look(): Promise<UpstreamSight>;
  /** With the id of every request that was held or delayed. */
  seen(): Promise<readonly string[]>;
  /** Answers everything that is held. */
  release(): Promise<void>;
}

export interface UpstreamSight {
  /** Accepted since the start. */
  readonly connections: number;
  /** HTTP version of the last request. */
  readonly protocol: string;
  readonly requests: number;
  readonly held: number;
}

export async function startUpstream(stage: Stage, certificate: readonly string[] = []): Promise<Upstream> {
  await ensureBuilt();
  const { child, said } = stage.run(
    process.execPath,
    [compiled('test/support/upstream-process.ts'), ...certificate],
    stage.folder(),
  );
  const ports = await new Promise<{ port: number; control: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number; control: number })); // Its only message.
    child.once('exit', () => reject(new Error(`the upstream did not start:\n${said()}`)));
  });
  const ask = async (path: string): Promise<UpstreamSight & { readonly seen: readonly string[] }> => {
    const answer = await fetch(`http://127.0.0.1:${ports.control}${path}`);
    return (await answer.json()) as UpstreamSight & { readonly seen: readonly string[] }; // Written one file away.
  };
  return {
    port: ports.port,
    pid: child.pid ?? 0,
    look: () => ask('/'),
    seen: async () => (await ask('/seen')).seen,
    release: async () => {
      await ask('/release');
    },
  };
}
