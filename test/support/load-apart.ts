/** Load by a process of its own (load-process.ts), so that who measures something beside it does not wait for its event loop. */
import { compiled, ensureBuilt } from './built.js';
import type { Exchange } from './spread-load.js';
import type { Stage } from './stage.js';

export interface LoadSettings {
  readonly ports: Readonly<Record<string, number>>;
  readonly perSecond: number;
  /** Different URLs of what is kept. */
  readonly keys: number;
  readonly withinMs: number;
}

export interface LoadApart {
  /** Ends it; resolves with all that it has exchanged. */
  stop(): Promise<readonly Exchange[]>;
}

export async function startLoadApart(stage: Stage, settings: LoadSettings): Promise<LoadApart> {
  await ensureBuilt();
  const program = compiled('test/support/load-process.ts');
  const { child, said } = stage.run(process.execPath, [program, JSON.stringify(settings)], stage.folder());
  const ended = new Promise<readonly Exchange[]>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Exchange[])); // Its only message.
    child.once('exit', () => reject(new Error(`the load ended by itself:\n${said()}`)));
  });
  ended.catch(() => {}); // Told by `stop`.
  return {
    stop() {
      child.send('stop');
      return ended;
    },
  };
}
