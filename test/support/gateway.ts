/**
 * A whole gateway in the test's own process: text of a weir.yaml → snapshot → node on a free port. For tests of what a
 * gateway does; tests of processes, signals and memory start the real command instead (test/integration/process).
 */

import { checkConfig } from '@weir/control/publish/check-config.js';
import { compileSnapshot } from '@weir/control/publish/compile.js';
import { createPasswordHasher, sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { createNode, type GatewayNode, type NodeOptions } from '@weir/node/node.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';

export interface Gateway {
  readonly node: GatewayNode;
  readonly port: number;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** Bugs that the node reported; a test that ends well has none. */
  readonly bugs: readonly unknown[];
  /** Applies another configuration text. */
  reload(config: string): Promise<void>;
  /** Value of a metric's series, by its exact name and labels as Prometheus shows them; 0 when there is none. */
  metric(series: string): Promise<number>;
  close(): Promise<void>;
}

const hashPassword = createPasswordHasher();
const loopback = { host: '127.0.0.1', port: 0 };

/** `config` is weir.yaml without its version and gateway address; both are added. */
export function snapshotOf(config: string, version: number, env: Record<string, string> = {}): Snapshot {
  const text = `version: 1\n${config}`;
  const checked = checkConfig(text, env, sha256Hex);
  if (!checked.ok) throw new Error(checked.faults.map((fault) => `${fault.path}: ${fault.message}`).join('\n'));
  const context = { environment: env, version, createdWallMs: Date.now(), sha256Hex, hashPassword };
  const snapshot = compileSnapshot(checked.config, context);
  // The port is the system's choice, which the schema rightly does not offer.
  return { ...snapshot, gateway: { ...snapshot.gateway, listen: loopback } };
}

export async function startGateway(
  config: string,
  env: Record<string, string> = {},
  options: Pick<NodeOptions, 'doctorSliceMs' | 'cluster' | 'redis'> = {},
): Promise<Gateway> {
  const bugs: unknown[] = [];
  const node = await createNode({ ...options, metrics: loopback, env, onBug: (error) => bugs.push(error) });
  let version = 1;
  await node.apply(snapshotOf(config, version, env), 'test');
  const port = node.status().listening?.port;
  if (port === undefined) throw new Error('a node that has applied a snapshot listens');
  const metricsUrl = `http://127.0.0.1:${node.metricsAddress.port}/metrics`;
  return {
    node,
    port,
    url: `http://127.0.0.1:${port}`,
    bugs,
    async reload(next) {
      version += 1;
      await node.apply(snapshotOf(next, version, env), 'test');
    },
    async metric(series) {
      const text = await (await fetch(metricsUrl)).text();
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
    close: () => node.close(),
  };
}
