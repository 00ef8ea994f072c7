/** The Helm chart: rendered for several kinds of values, and each object compared with the schemas of Kubernetes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readNatsPlace } from '@weir/proto/bus/nats-place.js';
import { createKeyPair } from '@weir/proto/signing/ed25519.js';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { onStage } from '../support/stage.js';
import { Templates } from './go-template.js';
import { type Manifest, unknownFields } from './kubernetes-schema.js';
import { parseCommand } from './parsed-command.js';

const chart = fileURLToPath(new URL('../../deploy/helm/weir/', import.meta.url));
const read = (file: string): string => readFileSync(join(chart, file), 'utf8');

type Tree = { readonly [name: string]: unknown };
const { publicKey } = createKeyPair();
const values = parse(read('values.yaml')) as Tree;
const about = parse(read('Chart.yaml')) as { version: string; appVersion: string };
const checkValues = new Ajv({ allErrors: true }).compile(JSON.parse(read('values.schema.json')) as object);

/** Deep, as Helm lays values given over those of the chart. */
function over(base: Tree, more: Tree): Tree {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(more))
    merged[name] = isTree(value) && isTree(base[name]) ? over(base[name], value) : value;
  return merged;
}
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function rendered(more: Tree): { readonly manifests: readonly Manifest[]; readonly notes: string } {
  const given = over(values, more);
  if (!checkValues(given)) throw new Error(JSON.stringify(checkValues.errors));
  const root = {
    Values: given,
    Chart: { Name: 'weir', Version: about.version, AppVersion: about.appVersion },
    Release: { Name: 'edge', Namespace: 'shop', Service: 'Helm' },
  };
  const templates = new Templates();
  const files = readdirSync(join(chart, 'templates'));
  for (const file of files) templates.add(file, read(join('templates', file)));
  const text = files.filter((file) => file.endsWith('.yaml')).map((file) => templates.render(file, root));
  const manifests = text.flatMap((one) =>
    parseAllDocuments(one).flatMap((document) => {
      expect(document.errors).toEqual([]);
      const value = document.toJS() as Manifest | null; // Checked by the schemas below.
      return value === null ? [] : [value];
    }),
  );
  return { manifests, notes: templates.render('NOTES.txt', root) };
}

const plain = { signing: { trust: [publicKey] } };
const full = {
  ...plain,
  cluster: 'shop',
  image: { pullSecrets: [{ name: 'registry' }] },
  nats: {
    servers: ['nats-0.nats:4222', 'nats-1.nats:4222', 'nats-2.nats:4222'],
    replicas: 3,
    tls: { enabled: true, caSecret: 'nats-ca' },
  },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Weir fills it in.
  redis: { url: 'redis://:${REDIS_PASSWORD}@redis:6379', secret: 'weir-redis' },
  secrets: { secret: 'weir-secrets' },
  control: {
    gateway: 'https://shop.example.com',
    storage: { className: 'fast' },
    envFrom: [{ secretRef: { name: 'upstream-keys' } }],
  },
  node: {
    ...{
      workers: 4,
      labels: ['zone=a', 'size=large'],
      drainSeconds: 60,
      envFrom: [{ secretRef: { name: 'upstream-keys' } }],
    },
    ...{ service: { type: 'LoadBalancer', annotations: { a: 'b' } }, podAnnotations: { c: 'd' } },
    autoscaling: { enabled: true },
  },
  networkPolicy: { metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }] },
};
const kinds: readonly (readonly [string, Tree])[] = [
  ['what has to be said alone', plain],
  ['everything', full],
  ['no network policies', { ...plain, networkPolicy: { enabled: false } }],
];

const find = (manifests: readonly Manifest[], kind: string, name: string): Tree => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};
const podOf = (workload: Tree) =>
  (workload as { spec: { template: { metadata: { labels: Tree }; spec: PodSpec } } }).spec.template; // By the schema.
interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Container];
  readonly securityContext: Tree;
  readonly volumes: readonly { readonly name: string }[];
}
interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly securityContext: Tree;
  readonly readinessProbe: Tree;
}

describe.each(kinds)('the chart with %s', (_, more) => {
  const { manifests, notes } = rendered(more);

  it.each(manifests.map((one) => [`${one.kind} ${one.metadata.name}`, one] as const))(
    'has a %s that Kubernetes takes, with no field that it does not know',
    (_name, manifest) => {
      expect(unknownFields(manifest)).toEqual([]);
    },
  );

  it('starts controls and nodes with what the CLI takes, and gives them every variable that they name', () =>
    onStage(async (stage) => {
      const trusted = join(stage.folder(), 'trusted');
      writeFileSync(trusted, `${publicKey}\n`);
      process.env['REDIS_PASSWORD'] = 'p';
      for (const [kind, name, command] of [
        ['StatefulSet', 'edge-control', 'control'],
        ['Deployment', 'edge', 'node'],
      ] as const) {
        const { spec } = podOf(find(manifests, kind, name));
        const [container] = spec.containers;
        const names = container.env.map((one) => one.name);
        for (const [, variable = ''] of container.args.join(' ').matchAll(/\$\((\w+)\)/g))
          expect(names).toContain(variable);
        const words = container.args.map((word) =>
          word.replace('$(POD_NAME)', 'edge-0').replace('/etc/weir/trust/trusted', trusted),
        );
        const parsed = parseCommand(words);
        expect(parsed).toMatchObject({ name: command, options: { id: 'edge-0', data: '/var/lib/weir' } });
        const { nats } = parsed.options as { nats: string }; // A required option of both.
        const place = readNatsPlace(nats, { NATS_PASSWORD: 'p' });
        const given = over(values, more)['nats'] as { servers: string[]; tls: { enabled: boolean } }; // By its schema.
        expect(place).toMatchObject({
          place: { servers: given.servers, isTls: given.tls.enabled, credentials: { user: command, password: 'p' } },
        });
        // Each file that it names lies below a volume that it has.
        const mounts = container.volumeMounts.map(({ mountPath }) => mountPath);
        for (const [, path = ''] of container.args.join(' ').matchAll(/=(\/[\w./-]+)/g))
          expect(
            mounts.some((mount) => path === mount || path.startsWith(`${mount}/`)),
            path,
          ).toBe(true);
        const volumes = [...spec.volumes.map((one) => one.name), ...(kind === 'StatefulSet' ? ['state'] : [])];
        expect(container.volumeMounts.map((one) => one.name).sort()).toEqual(volumes.sort());
        expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001 });
        expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
      }
    }));

  it('selects the pods that it makes, by labels that do not change with a release', () => {
    for (const [kind, name] of [
      ['StatefulSet', 'edge-control'],
      ['Deployment', 'edge'],
    ] as const) {
      const workload = find(manifests, kind, name) as { spec: { selector: { matchLabels: Tree } } }; // By the schema.
      const { matchLabels } = workload.spec.selector;
      expect(podOf(workload as unknown as Tree).metadata.labels).toMatchObject(matchLabels);
      expect(Object.keys(matchLabels)).not.toContain('app.kubernetes.io/version');
      for (const other of manifests.filter((one) => one.metadata.name === name)) {
        const { selector, podSelector } = (other['spec'] ?? {}) as { selector?: Tree; podSelector?: Tree };
        const chosen = podSelector ?? selector;
        if (chosen !== undefined) expect(chosen['matchLabels'] ?? chosen, other.kind).toEqual(matchLabels);
      }
    }
  });

  it('lets a pod end its drain, and asks the pages that a node has', () => {
    const { spec } = podOf(find(manifests, 'Deployment', 'edge'));
    const [{ lifecycle, readinessProbe, ports = [] }] = spec.containers;
    const node = over(values, more)['node'] as { drainSeconds: number; preStopSeconds: number; port: number }; // By its schema.
    expect(lifecycle?.preStop.exec.command).toEqual(['sleep', String(node.preStopSeconds)]);
    // A worker gets five seconds beyond its drain.
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(node.preStopSeconds + node.drainSeconds + 5);
    expect(readinessProbe).toMatchObject({ httpGet: { path: '/readyz', port: 'metrics' } });
    expect(ports).toEqual([
      { name: 'traffic', containerPort: node.port },
      { name: 'metrics', containerPort: 9090 },
    ]);
    expect(notes).toContain(`0.0.0.0:${node.port}`);
  });
});

describe('the chart', () => {
  it('scales by the saturation that nodes tell, and then leaves the number of replicas to the autoscaler', () => {
    const { manifests } = rendered(full);
    expect(find(manifests, 'HorizontalPodAutoscaler', 'edge')['spec']).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: 'edge' },
      metrics: [{ pods: { metric: { name: 'weir_load_ratio' }, target: { averageValue: '600m' } } }],
    });
    expect(find(manifests, 'Deployment', 'edge')['spec']).not.toHaveProperty('replicas');
    const few = rendered(plain).manifests;
    expect(few.some(({ kind }) => kind === 'HorizontalPodAutoscaler')).toBe(false);
    expect(find(few, 'Deployment', 'edge')['spec']).toHaveProperty('replicas', 3);
    expect(readFileSync(join(chart, '../../../docs/metrics.md'), 'utf8')).toContain('`weir_load_ratio`');
  });

  it('refuses values that mean nothing, and says what is missing', () => {
    expect(() => rendered({})).toThrow(/signing.trust/);
    for (const wrong of [
      { node: { replica: 3 } },
      { nats: { replicas: 2 } },
      { nats: { servers: ['nats://node:secret@nats:4222'] } },
      { node: { port: 80 } },
      { signing: { trust: ['weir-private-x'] } },
      { control: { gateway: 'shop.example.com/api' } },
    ])
      expect(() => rendered(over(plain, wrong)), JSON.stringify(wrong)).toThrow();
  });

  it('would be told of a field that Kubernetes does not know, and of a value that it does not take', () => {
    const { manifests } = rendered(plain);
    const deployment = find(manifests, 'Deployment', 'edge') as Manifest & { readonly spec: Tree }; // By the schema.
    const wrong = (spec: Tree): Manifest => ({ ...deployment, spec: { ...deployment.spec, ...spec } });
    expect(unknownFields(wrong({ replicaCount: 3 }))).toEqual(['spec.replicaCount']);
    expect(unknownFields(wrong({ strategy: { rollingUpdates: {} } }))).toEqual(['spec.strategy.rollingUpdates']);
    expect(() => unknownFields(wrong({ replicas: 'three' }))).toThrow(/replicas/);
  });

  it('gives controls the key for secrets where there is one, and says where what is tried is sent', () => {
    const argsOf = (more: Tree): readonly string[] =>
      podOf(find(rendered(more).manifests, 'StatefulSet', 'edge-control')).spec.containers[0].args;
    expect(argsOf(full)).toEqual(
      expect.arrayContaining(['--secret-key=/etc/weir/secrets/secret.key', '--gateway=https://shop.example.com']),
    );
    expect(argsOf(plain).join(' ')).not.toContain('--secret-key');
    expect(argsOf(plain)).toContain('--gateway=http://edge:80');
    const policy = find(rendered(plain).manifests, 'NetworkPolicy', 'edge-control')['spec'] as { egress: Tree[] }; // By the schema.
    const { port } = values['node'] as { port: number }; // By its schema.
    expect(policy.egress).toContainEqual(expect.objectContaining({ ports: [{ port }], to: [expect.anything()] }));
  });

  it('has the version of the release', () => {
    const release = JSON.parse(read('../../package.json')) as { version: string }; // Ours.
    expect([about.version, about.appVersion]).toEqual([release.version, release.version]);
  });
});
