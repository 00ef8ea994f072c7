/**
 * Entry of a node process: joins a node to the link that its parent has forked it with.
 *
 * Signals: Ctrl-C reaches every process of the terminal, but only the parent acts on it, because it alone knows whether
 * this is the first or the second one. SIGTERM drains, for those who address a node directly. SIGUSR1 and SIGUSR2 are the
 * log's (observe/log-writer.ts), and nothing where none is kept.
 */
import { splitEnd } from '@weir/proto/bus/ipc-bus.js';
import { ipcLink } from '@weir/proto/bus/ipc-link.js';
import { type ControlToNode, decodeControlToNode, type NodeToControl } from '@weir/proto/events/node-link.js';
import { createNode, type GatewayNode } from './node.js';
import { ROTATE_SIGNALS } from './observe/log-writer.js';
import { type Agent, reasonOf, startAgent } from './process/agent.js';
import { bugLog } from './process/bug-log.js';
import { crashHandler } from './process/crash.js';
import { givenSecrets } from './process/given-secrets.js';
import { type Joined, joinCluster } from './process/join-cluster.js';
import { OfferReader } from './process/offer.js';
import { readNodeSettings } from './process/settings.js';
import { giveWay } from './time/give-way.js';

const log = (text: string): void => {
  process.stderr.write(`weir node ${process.pid}: ${text}\n`);
};

/** Before there is a node. */
const nothingYet = { snapshotVersion: 0, loadPermille: 0, purgeEpoch: 0 };

async function main(): Promise<void> {
  if (process.send === undefined) {
    log('a node is started by `weir up`, not by itself');
    process.exit(64);
  }
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  for (const signal of ROTATE_SIGNALS) process.on(signal, () => {});
  // A terminal or pipe that is gone must not take traffic with it.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});

  const secrets = givenSecrets(process.env);
  const parent = splitEnd(process);
  const link = ipcLink<ControlToNode, NodeToControl>(parent.rest, decodeControlToNode, { giveWay });
  let agent: Agent | null = null;
  const crashed = crashHandler({
    log,
    stop: (exitCode) => agent?.stop(exitCode),
    exit: (code) => process.exit(code),
    after: (delayMs, task) => void setTimeout(task, delayMs),
  });
  // A rejection that nobody handles comes here as well, with an origin that says so.
  process.on('uncaughtException', crashed);
  let node: GatewayNode | null = null;
  let joined: Joined | null = null;
  const report = (): ReturnType<GatewayNode['report']> => node?.report() ?? nothingYet;
  try {
    const { cluster, ...settings } = readNodeSettings(process.env);
    if (cluster !== null) joined = await joinCluster(cluster, { parent: parent.bus, report, log });
    const presence = joined?.presence ?? null;
    const onBug = bugLog(log, () => performance.now());
    node = await createNode({
      ...settings,
      cluster: presence,
      purgeLog: joined?.purgeLog ?? null,
      env: secrets.environment,
      onBug,
    });
  } catch (error) {
    link.send({ v: 1, kind: 'node.failed', reason: reasonOf(error) }, () => process.exit(1));
    return;
  }
  const offers = new OfferReader();
  const started = startAgent({
    link,
    node,
    boxKey: secrets.publicKey,
    async decode(offer) {
      secrets.take(offer.secrets);
      return offers.open(offer, giveWay);
    },
    every(intervalMs, task) {
      const interval = setInterval(task, intervalMs);
      interval.unref();
      return () => clearInterval(interval);
    },
    log,
    exit(code) {
      // The goodbye was told when the drain began; a bus that hangs is waited for by itself alone.
      if (joined === null) process.exit(code);
      void joined.leave().finally(() => process.exit(code));
    },
  });
  agent = started;
  process.on('SIGTERM', () => started.stop());
  // The parent may have died before the link was listened to.
  if (!process.connected) started.stop();
}

await main();
