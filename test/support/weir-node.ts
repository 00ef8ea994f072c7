/** The real `./weir node` as a process, for whole-system tests. */
import { join } from 'node:path';
import { CLUSTER } from './announcer.js';
import { weirProgram } from './built.js';
import { type Program, type Stage, untilUp } from './stage.js';

export interface WeirNode extends Program {
  readonly folder: string;
  /** Origin of metrics and health. */
  readonly pages: string;
  page(path: string): Promise<string>;
  readyz(): Promise<string>;
  /** Value of a metric's series, by its exact name and labels; 0 when there is none. */
  metric(series: string): Promise<number>;
}

export interface WeirNodeOptions {
  readonly id: string;
  readonly nats: string;
  readonly trust: string;
  /** Of an earlier run whose state is to be found. */
  readonly folder?: string;
  readonly more?: readonly string[];
  /** Left out: that of this clone. */
  readonly program?: string;
}

/** Starts it and waits until it says where it is; it need not serve anything then. */
export async function weirNode(stage: Stage, options: WeirNodeOptions): Promise<WeirNode> {
  const { id, nats, trust, folder = stage.folder(), more = [], program: path = weirProgram } = options;
  const member = ['--nats', nats, '--cluster', CLUSTER, '--id', id, '--trust', trust];
  const own = ['--data', join(folder, `state-${id}`), '--metrics', '127.0.0.1:0', ...more];
  const program = stage.run(path, ['node', ...member, ...own], folder);
  const place = await untilUp(program, 'weir node');
  const pages = new URL(place('metrics')).origin;
  const page = async (path: string): Promise<string> => (await fetch(`${pages}${path}`)).text();
  return {
    ...{ ...program, folder, pages, page },
    readyz: async () => (await page('/readyz')).trim(),
    async metric(series) {
      const line = (await page('/metrics')).split('\n').find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
  };
}
