/** A whole gateway before providers of models: a snapshot of a small configuration, with its AI part written by hand. */
import { createNode } from '@weir/node/node.js';
import type { AiBudgetsSpec, AiModelSpec, AiProviderSpec, AiRouteSpec } from '@weir/proto/snapshot/ai.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { expect } from 'vitest';
import { snapshotOf } from './gateway.js';
import type { ModelProvider } from './model-provider.js';
import type { Stage } from './stage.js';

export interface AiGateway {
  readonly url: string;
  readonly port: number;
  metrics(): Promise<string>;
}

export interface AiConfig {
  /** Providers by their ids. */
  readonly providers: Readonly<Record<string, { readonly at: Pick<ModelProvider, 'url'> } & Partial<AiProviderSpec>>>;
  readonly models?: readonly AiModelSpec[];
  readonly route?: Partial<AiRouteSpec>;
  readonly budgets?: AiBudgetsSpec;
  readonly timeouts?: string;
  /** Of the route, as in weir.yaml. */
  readonly more?: string;
  /** Of each upstream: `health: { breaker: false }`, where a test fails it on purpose more often than a breaker would bear. */
  readonly upstream?: string;
  /** Beside gateway, upstreams and routes, as in weir.yaml. */
  readonly top?: string;
  /** Of the gateway, as in weir.yaml. */
  readonly gateway?: string;
  /** URL of the Redis that nodes share. */
  readonly redis?: string;
}

export const routeSpec: AiRouteSpec = {
  kind: 'ai',
  models: [],
  timers: { firstTokenMs: 10_000, betweenTokensMs: 10_000, tokensPerSecondMin: 0 },
  heartbeatMs: 0,
  unsupported: 'refuse',
  attempts: 4,
  answerCharsMax: 1_000_000,
  prompts: null,
  isPromptsOnly: false,
  guards: [],
  cache: null,
  durable: null,
};

export async function startAiGateway(stage: Stage, config: AiConfig): Promise<AiGateway> {
  const bugs: unknown[] = [];
  const loopback = { host: '127.0.0.1', port: 0 };
  const node = await createNode({
    metrics: loopback,
    env: { AI_KEY: 'sk-secret' },
    redis: config.redis ?? null,
    onBug: (error) => bugs.push(error),
  });
  stage.onEnd(async () => {
    await node.close();
    expect(bugs).toEqual([]);
  });
  await node.apply(aiSnapshot(config), 'test');
  const port = node.status().listening?.port;
  if (port === undefined) throw new Error('a node that has applied a snapshot listens');
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    metrics: async () => (await fetch(`http://127.0.0.1:${node.metricsAddress.port}/metrics`)).text(),
  };
}

function aiSnapshot({
  providers,
  models = [],
  route = {},
  budgets,
  timeouts = 'total: 30s',
  more = '',
  upstream = '',
  top = '',
  gateway = '',
}: AiConfig): Snapshot {
  const upstreams = Object.entries(providers).map(
    ([id, { at }]) => `{ id: ${id}, targets: ["${at.url}"], ${upstream} }`,
  );
  const [first] = Object.keys(providers);
  const text = `
gateway: { accessLog: false, ${gateway} }
upstreams: [${upstreams.join(', ')}]
routes: [{ id: models, match: /v1/*, upstream: ${first}, timeouts: { ${timeouts} }, ${more} }]
${top}
`;
  const snapshot = snapshotOf(text, 1, { ALICE: 'alice-key-0123456789', BOB: 'bob-key-0123456789' });
  const specs = Object.entries(providers).map(
    ([id, { at: _at, ...spec }]): AiProviderSpec => ({
      ...{ id, kind: 'openai', upstream: id, basePath: '/v1', settings: {}, compatible: null },
      keys: [{ id: 'main', secret: `\${AI_KEY}-${id}`, weight: 1 }],
      ...spec,
    }),
  );
  return {
    ...snapshot,
    ai: { providers: specs, models, prompts: [], guards: [], ...(budgets === undefined ? {} : { budgets }) },
    routes: snapshot.routes.map((one) => ({ ...one, action: { ...routeSpec, ...route } })),
  };
}
