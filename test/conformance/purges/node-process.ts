/** Starts nodes of the test's cluster as processes, and asks them. */
import { type ChildProcess, fork } from 'node:child_process';
import { compiled } from '../../support/built.js';
import type { Stage } from '../../support/stage.js';
import type { NodeOrder, NodeReport } from './node-child.js';
import { publicKey } from './world.js';

export interface NodeProcess {
  readonly child: ChildProcess;
  store(path: string, tag: string): void;
  /** Answered when the process gets to it. */
  look(path: string): Promise<boolean>;
}

/** Resolves when it has joined, and serves what it stores. */
export async function startNodeProcess(stage: Stage, id: string, url: string): Promise<NodeProcess> {
  const child = fork(compiled('test/conformance/purges/node-child.ts'), [], { serialization: 'advanced' });
  stage.onEnd(() => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  });
  const looking = new Map<number, (isServed: boolean) => void>();
  let looks = 0;
  const order = (message: NodeOrder): void => void child.send(message);
  const serving = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`node ${id} ended with ${code}`)));
    child.on('message', (raw) => {
      const report = raw as NodeReport; // Only node-child.ts is on the other side.
      if (report.report === 'serving') resolve();
      else looking.get(report.number)?.(report.isServed);
    });
  });
  order({ order: 'begin', id, url, key: publicKey });
  await serving;
  return {
    child,
    store: (path, tag) => order({ order: 'store', path, tag }),
    look(path) {
      looks += 1;
      const number = looks;
      return new Promise((resolve) => {
        looking.set(number, resolve);
        order({ order: 'look', number, path });
      });
    },
  };
}
