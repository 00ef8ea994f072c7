/**
 * The permissions of deploy/nats, kept by a real nats-server: all that a cluster does is allowed, and whoever has a node's credentials
 * can't do what is control's.
 */
import { join } from 'node:path';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { createSigningKey } from '@weir/deploy/cluster/signing-key.js';
import type { ClusterKind } from '@weir/proto/cluster/subjects.js';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../conformance/transport/certificates.js';
import { CLUSTER, subjects } from '../support/announcer.js';
import { ensureBuilt } from '../support/built.js';
import { startCacheOrigin } from '../support/cache-origin.js';
import { givePasswords, type HouseNats, natsPasswords, startHouseNats, urlFor } from '../support/nats-house.js';
import { freePort, onStage, Stage, until } from '../support/stage.js';
import { canaryOf, purge, type WeirControl, weirControl } from '../support/weir-control.js';
import { type WeirNode, weirNode } from '../support/weir-node.js';

const LONG_MS = 300_000;
beforeAll(ensureBuilt, LONG_MS);
beforeAll(() => givePasswords(process.env));

type Role = 'control' | 'node' | 'observer';

function dial(role: Role, { port }: HouseNats): Promise<NatsConnection> {
  return connect({ servers: `127.0.0.1:${port}`, user: role, pass: natsPasswords[role], reconnect: false });
}

/** Which of these publications the server refuses to that role. */
async function refused(role: Role, server: HouseNats, wanted: readonly string[]): Promise<readonly string[]> {
  const connection = await dial(role, server);
  const found = new Set<string>();
  void (async () => {
    for await (const { permissionContext } of connection.status())
      if (permissionContext?.operation === 'publish') found.add(permissionContext.subject);
  })();
  // Nobody may say the last one, and refusals come in order.
  for (const subject of [...wanted, LAST]) connection.publish(subject, new Uint8Array([1, 2, 3]));
  await until(
    () => found.has(LAST),
    () => `${LAST} was not refused`,
  );
  await connection.close();
  return wanted.filter((subject) => found.has(subject));
}
const LAST = 'weir.nobody.last';

/** Who tells what. A new kind has to be given to somebody here, and in the file. */
const tellers: Readonly<Record<ClusterKind, 'all' | 'control' | 'nobody'>> = {
  heartbeat: 'all',
  leave: 'all',
  // To one member; below.
  outdated: 'nobody',
  opinion: 'all',
  // In answers, and inside of logs.
  'health.state': 'nobody',
  'member.status': 'nobody',
  traffic: 'nobody',
  log: 'nobody',
  rollout: 'nobody',
  'purge.question': 'nobody',
  'purge.verdict': 'nobody',
  'cache.question': 'nobody',
  'cache.reply': 'nobody',
  'purge.ack': 'all',
  rate: 'all',
  holds: 'all',
  spend: 'all',
  'ai.keys': 'all',
  latency: 'all',
  calls: 'all',
  snapshot: 'control',
  'snapshot.report': 'all',
  'secrets.question': 'all',
};
const toldBy = (who: 'all' | 'control'): readonly string[] =>
  Object.entries(tellers)
    .filter(([, teller]) => teller === who)
    .map(([kind]) => subjects.all(kind as ClusterKind)); // The keys of that table.

const streams = ['purges', 'revisions', 'registry', 'rollouts', 'announcements'].map(
  (name) => subjects.place(name).stream,
);
const bucket = `weir_${CLUSTER}_snapshots`;
const inbox = subjects.inbox('somebody');

const forNodes: readonly string[] = [
  ...toldBy('all'),
  ...[subjects.to('outdated', 'n1'), subjects.ask('n1', 'health'), subjects.ask('n1', 'latency')],
  subjects.log('purges', 'member'),
  ...['purges', 'announcements'].map((name) => `$JS.API.DIRECT.GET.weir_${CLUSTER}_${name}`),
  ...['purges', 'announcements'].map((name) => `$JS.API.STREAM.INFO.weir_${CLUSTER}_${name}`),
  `$JS.API.STREAM.MSG.GET.OBJ_${bucket}`,
];
const forControls: readonly string[] = [
  ...toldBy('control'),
  ...['revisions', 'registry', 'rollouts', 'announcements'].map((name) => subjects.log(name, 'control')),
  subjects.log('purges', 'order'),
  ...['status', 'snapshot', 'traffic', 'purge', 'purge-shared'].map((what) => subjects.ask('n1', what)),
  ...[`$O.${bucket}.C.abc`, `$O.${bucket}.M.abc`],
  ...[...streams, `OBJ_${bucket}`].map((stream) => `$JS.API.STREAM.CREATE.${stream}`),
  `$JS.API.STREAM.PURGE.OBJ_${bucket}`,
  `$JS.API.CONSUMER.CREATE.OBJ_${bucket}`,
  inbox,
];
const forNobody: readonly string[] = [
  ...[...streams, `OBJ_${bucket}`, 'other'].flatMap((stream) =>
    ['UPDATE', 'DELETE', 'MSG.DELETE', 'SNAPSHOT', 'RESTORE', 'LEADER.STEPDOWN'].map(
      (what) => `$JS.API.STREAM.${what}.${stream}`,
    ),
  ),
  ...streams.flatMap((stream) => [`$JS.API.STREAM.PURGE.${stream}`, `$JS.API.CONSUMER.CREATE.${stream}`]),
  ...['$JS.API.STREAM.CREATE.other', '$KV.other.x', 'weir.other.heartbeat', '$SYS.REQ.SERVER.PING', 'anything'],
];

describe('permissions by role', () => {
  const stage = new Stage();
  let server: HouseNats;
  beforeAll(async () => {
    server = await startHouseNats(stage, CLUSTER);
  });
  afterAll(() => stage.clear());

  it('let nodes say what members say, and nothing that is for controls', async () => {
    expect(await refused('node', server, forNodes)).toEqual([]);
    const theirs = [...forControls, ...forNobody, ...streams.map((stream) => `$JS.API.DIRECT.GET.${stream}`)];
    const readable = new Set(forNodes);
    const forbidden = theirs.filter((subject) => !readable.has(subject));
    expect(await refused('node', server, forbidden)).toEqual(forbidden);
  });

  it('let controls do what nodes may and what is theirs, and leave other streams alone', async () => {
    expect(await refused('control', server, [...forNodes, ...forControls])).toEqual([]);
    expect(await refused('control', server, forNobody)).toEqual(forNobody);
  });

  it('let observers say nothing at all', async () => {
    const infos = [...streams, `OBJ_${bucket}`].map((stream) => `$JS.API.STREAM.INFO.${stream}`);
    expect(await refused('observer', server, infos)).toEqual([]);
    const all = [...forNodes, ...forControls, ...forNobody].filter((subject) => !infos.includes(subject));
    expect(await refused('observer', server, all)).toEqual(all);
  });

  it('let a node answer whoever asks it, once, and hear neither revisions nor what others are asked by nobody', async () => {
    const [node, control] = [await dial('node', server), await dial('control', server)];
    const answers: string[] = [];
    control.subscribe(`${inbox}.*`, { callback: (_, { data }) => answers.push(new TextDecoder().decode(data)) });
    node.subscribe(subjects.ask('n1', 'status'), {
      callback: (_, message) => {
        message.respond('first');
        message.respond('second');
      },
    });
    await Promise.all([node.flush(), control.flush()]);
    control.publish(subjects.ask('n1', 'status'), '', { reply: `${inbox}.1` });
    await until(
      async () => {
        await Promise.all([control.flush(), node.flush()]);
        return answers.length > 0;
      },
      () => 'no answer',
    );
    await Promise.all([node.flush(), control.flush()]);
    expect(answers).toEqual(['first']);
    const unheard: string[] = [];
    for (const subject of [
      `${subjects.place('revisions').told}.*`,
      `${subjects.place('registry').told}.*`,
      subjects.log('rollouts', '*'),
      'weir.>',
      '>',
    ])
      node.subscribe(subject, { callback: (error) => void (error !== null && unheard.push(subject)) });
    await node.flush();
    expect(unheard).toHaveLength(5);
    await Promise.all([node.close(), control.close()]);
  });

  it('turn away who has no name, a wrong password, or none', async () => {
    const servers = `127.0.0.1:${server.port}`;
    for (const wrong of [{}, { user: 'node', pass: 'x' }, { user: 'node' }, { user: 'root', pass: natsPasswords.node }])
      await expect(connect({ servers, reconnect: false, maxReconnectAttempts: 0, ...wrong })).rejects.toThrow(
        /Authorization/,
      );
  });
});

const config = (upstream: number, body: string): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"] }]
routes:
  - { id: said, match: /said, respond: { status: 200, body: ${body} } }
  - { id: few, match: /few, limits: { rate: 10/h, by: route }, respond: { status: 200, body: ok } }
  - { id: all, match: /*, upstream: app, cache: true }
`;

interface Whole {
  readonly controls: readonly [WeirControl, WeirControl];
  readonly nodes: readonly [WeirNode, WeirNode, WeirNode];
  ports(): Promise<readonly number[]>;
}

async function startWhole(stage: Stage, urls: Record<'control' | 'node', string>, replicas: number): Promise<Whole> {
  const keyFile = join(stage.folder(), 'signing.key');
  const { publicKey: trust } = createSigningKey(keyFile);
  const more = ['--replicas', String(replicas)];
  const control = (id: string) => weirControl(stage, { id, nats: urls.control, keyFile, folder: stage.folder(), more });
  const node = (id: string) => weirNode(stage, { id, nats: urls.node, trust });
  const [c0, c1, n0, n1, n2] = await Promise.all([
    ...[control('c0'), control('c1')],
    ...[node('n0'), node('n1'), node('n2')],
  ] as const);
  return {
    controls: [c0, c1],
    nodes: [n0, n1, n2],
    async ports() {
      const { fleet }: ControlStatus = await c0.status();
      const serving = fleet?.members.filter(({ role, traffic }) => role === 'node' && traffic !== '') ?? [];
      return serving.map(({ traffic }) => Number(traffic.split(':').at(-1)));
    },
  };
}

const body = async (port: number, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })).text();

/**
 * Tried until it is taken: a log that was just begun may have no leader yet, and a control that is told of an entry a moment later than another
 * one appends behind what it knows, and is refused.
 */
async function applied(control: WeirControl, text: string): Promise<void> {
  let refused = '';
  await until(
    async () => {
      refused = await control.apply(text).then(
        () => '',
        (error: unknown) => String(error),
      );
      return refused === '';
    },
    () => `${refused}\n${control.said()}`,
  );
}

/** From then on each node answers with what it has stored: before it has joined in the log of purges, it asks anew each time. */
async function storedEverywhere(at: readonly number[], path: string): Promise<void> {
  let seen: readonly (string | null)[] = [];
  await until(
    async () => {
      const answers = await Promise.all(at.map((port) => fetch(`http://127.0.0.1:${port}${path}`)));
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
      seen = answers.map(({ headers }) => headers.get('cache-status'));
      return seen.every((status) => /; hit(;|$)/.test(status ?? ''));
    },
    () => `Cache-Status: ${seen.join(' | ')}`,
  );
}

/** A config in force everywhere, a canary, a purge that all acknowledge, and a limit that they share. */
async function exercise(stage: Stage, { controls: [c0, c1], nodes, ports }: Whole): Promise<void> {
  const origin = await startCacheOrigin(stage);
  const said = (): string => [c0, c1, ...nodes].map((each) => each.said()).join('\n');
  await applied(c0, config(origin.port, 'one'));
  await until(async () => (await ports()).length === 3, said);
  const at = await ports();
  const all = (path: string) => Promise.all(at.map((port) => body(port, path)));
  expect(await all('/said')).toEqual(['one', 'one', 'one']);

  await applied(c1, config(origin.port, 'two'));
  expect(await all('/said')).toEqual(['two', 'two', 'two']);
  await until(
    async () => (await c0.order('policy', { plan: canaryOf({ exchangesMin: 0, bakeMs: 500 }) })).status === 200,
    said,
  );
  await applied(c1, config(origin.port, 'three'));
  expect(await all('/said')).toEqual(['three', 'three', 'three']);

  await origin.be({ tag: 'red', version: 1 });
  await storedEverywhere(at, '/x');
  const before = await all('/x');
  await origin.be({ tag: 'red', version: 2 });
  expect(await all('/x')).toEqual(before);
  const { code, told } = await purge(c1, '--tag', 'red');
  expect([code, told.obeyed.map(({ node }) => node).sort()], JSON.stringify(told)).toEqual([0, ['n0', 'n1', 'n2']]);
  for (const [index, text] of (await all('/x')).entries()) expect(text).not.toBe(before[index]);

  // Spent at one node; the others come to know.
  const few = async (port: number) => (await fetch(`http://127.0.0.1:${port}/few`)).status;
  const [first, second] = at as [number, number]; // There are three.
  for (let asked = 0; asked < 20; asked += 1) await few(first);
  await until(
    async () => (await few(second)) === 429,
    () => 'the others do not count what one has admitted',
  );
  await until(async () => (await Promise.all(nodes.map((node) => node.readyz()))).every((told) => told === 'ok'), said);
}

const violations = (servers: readonly HouseNats[]): readonly string[] =>
  servers.flatMap(({ program }) => program.said().split('\n')).filter((line) => /violation/i.test(line));

it(
  'a cluster does all that it does under the permissions of its roles, and no server has to refuse it anything',
  () =>
    onStage(async (stage) => {
      const server = await startHouseNats(stage, CLUSTER);
      const urls = { control: urlFor('control', [server.port]), node: urlFor('node', [server.port]) };
      await exercise(stage, await startWhole(stage, urls, 1));
      expect(violations([server])).toEqual([]);
    }),
  LONG_MS,
);

it(
  'the same with three servers and three copies of everything, one of which is killed',
  () =>
    onStage(async (stage) => {
      const [ports, routes] = [await freePorts(), await freePorts()];
      process.env['NATS_ROUTE_PASSWORD'] = 'pRoute1';
      for (const [index, route] of routes.entries())
        process.env[`NATS_ROUTE_${index + 1}`] = `nats://route:pRoute1@127.0.0.1:${route}`;
      const start = (port: number, index: number): Promise<HouseNats> => {
        const edit = (text: string): string =>
          text
            .replace('$NATS_NAME', `nats-${index + 1}`)
            .replace('listen: 0.0.0.0:6222', `listen: 127.0.0.1:${routes[index]}`);
        return startHouseNats(stage, CLUSTER, { file: 'nats-cluster.conf', port, edit });
      };
      const servers = await Promise.all(ports.map(start));
      const whole = await startWhole(stage, { control: urlFor('control', ports), node: urlFor('node', ports) }, 3);
      await exercise(stage, whole);
      expect(violations(servers)).toEqual([]);
      servers[0]?.program.child.kill('SIGKILL');
      await applied(whole.controls[0], config(1, 'four'));
      const said = await Promise.all((await whole.ports()).map((port) => body(port, '/said')));
      expect(said).toEqual(['four', 'four', 'four']);
    }),
  LONG_MS,
);

it(
  'with TLS a node is a member when it believes the authority of the server, and is not without',
  () =>
    onStage(async (stage) => {
      const authority = createAuthority();
      stage.onEnd(() => authority.remove());
      const { caFile } = authority;
      const server = await startHouseNats(stage, CLUSTER, {
        tls: { caFile, ...authority.issue('nats', 'DNS:localhost') },
      });
      const { publicKey: trust } = createSigningKey(join(stage.folder(), 'signing.key'));
      const nats = urlFor('node', [server.port], 'tls', 'localhost');
      const [believing, doubting] = await Promise.all([
        weirNode(stage, { id: 'n0', nats, trust, more: ['--nats-ca', caFile] }),
        weirNode(stage, { id: 'n1', nats, trust }),
      ]);
      await until(
        async () => (await believing.metric('weir_host_bus_connected')) === 1,
        () => `${believing.said()}\n${server.program.said()}`,
      );
      await until(
        async () => /certificate/.test(await doubting.page('/status')),
        () => doubting.said(),
      );
      expect(await doubting.metric('weir_host_bus_connected')).toBe(0);
    }),
  LONG_MS,
);

async function freePorts(): Promise<readonly number[]> {
  return [await freePort(), await freePort(), await freePort()];
}
