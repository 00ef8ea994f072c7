/** The campaign's end of cache-origin-process.ts: starts it, says what it does, and asks what it has seen. */
import { compiled, ensureBuilt } from './built.js';
import type { Stage } from './stage.js';

export interface OriginBehaviour {
  readonly version: number;
  readonly status: number;
  /** Empty: nothing is said. */
  readonly cacheControl: string;
  /** Each answer comes so much later, and by chance up to `jitterMs` more. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** How long the body takes once the head is sent. */
  readonly bodyMs: number;
  /** Of all answers; empty: none. */
  readonly tag: string;
  readonly bodyBytes: number;
  /** What the first request since this was said gets instead. */
  readonly first: Partial<OriginBehaviour> | null;
}

export const quietOrigin: OriginBehaviour = {
  version: 1,
  status: 200,
  cacheControl: 'max-age=3600',
  delayMs: 0,
  jitterMs: 0,
  bodyMs: 0,
  tag: '',
  bodyBytes: 100,
  first: null,
};

export interface CacheOrigin {
  readonly port: number;
  /** From now on, with what is not said as in `quietOrigin`. It has been heard when this resolves. */
  be(behaviour: Partial<OriginBehaviour>): Promise<void>;
  /** Requests since it was last told what to be. */
  requests(): Promise<number>;
}

export function originBody(path: string, version: number, bytes: number): string {
  return `${path} version ${version} `.padEnd(bytes, 'x');
}

/** The version that a body is of; null when it is not the whole body for this path. */
export function versionOf(path: string, body: string, bytes: number): number | null {
  const version = Number(/^\S+ version (\d+) /.exec(body)?.[1] ?? Number.NaN);
  return body === originBody(path, version, bytes) ? version : null;
}

export async function startCacheOrigin(stage: Stage): Promise<CacheOrigin> {
  await ensureBuilt();
  const program = compiled('test/support/cache-origin-process.ts');
  const { child, said } = stage.run(process.execPath, [program], stage.folder());
  const ports = await new Promise<{ port: number; control: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number; control: number })); // Its only message.
    child.once('exit', () => reject(new Error(`the origin did not start:\n${said()}`)));
  });
  const control = `http://127.0.0.1:${ports.control}/`;
  return {
    port: ports.port,
    async be(behaviour) {
      const told = await fetch(control, { method: 'POST', body: JSON.stringify({ ...quietOrigin, ...behaviour }) });
      await told.arrayBuffer();
    },
    async requests() {
      const answer = (await (await fetch(control)).json()) as { requests: number }; // Written one file away.
      return answer.requests;
    },
  };
}
