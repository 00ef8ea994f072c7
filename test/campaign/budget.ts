/**
 * A budget of money that four nodes keep together, each a `weir node` of its own, under streams that all want it at once:
 *
 *   shared   spent beyond it is within the bound of docs/limits.md: limit + (n − 1) × max(largest call, limit / 2n)
 *   strict   nothing is spent beyond it, for no call costs more than was reserved
 *
 * What was spent is what the provider of the models has answered, here.
 */
import { startAnnouncer } from '../support/announcer.js';
import { ensureBuilt } from '../support/built.js';
import { beginSse, modelProvider, openAiWords, type Question } from '../support/model-provider.js';
import { startNats } from '../support/nats-server.js';
import { startRedis } from '../support/redis-server.js';
import { freePort, onStage, passed, type Stage, until } from '../support/stage.js';
import { weirNode } from '../support/weir-node.js';
import type { Report } from './campaign.js';

export interface BudgetScale {
  readonly dollars: number;
  /** At once, over all nodes. */
  readonly streams: number;
  readonly nodes: number;
}

export const fullBudget: BudgetScale = { dollars: 10, streams: 200, nodes: 4 };

/** A tenth of a cent for each token of an answer, and nothing for those of questions. */
const MICROS_PER_TOKEN = 1_000;
const TOKENS_MAX = 60;
const TOKENS_MIN = 10;
/** Pieces of a stream, and what lies between two of them. */
const PIECES = 5;
const PAUSE_MS = 60;
/** A refusal for longer than this is for the rest of the window. */
const GONE_S = 60;
const WITHIN_MS = 120_000;

const config = (provider: string, port: number, dollars: number): string => `version: 1
gateway: { listen: 127.0.0.1:${port}, accessLog: false }
ai:
  providers: { own: { url: ${provider}/v1 } }
  models: { chat: own/m }
  prices: { own/m: { input: 0, output: ${MICROS_PER_TOKEN} } }
routes:
  - { id: shared, match: /shared/*, ai: { limits: { cost: ${dollars}/day } } }
  - { id: strict, match: /strict/*, ai: { limits: { cost: ${dollars}/day, mode: strict, onRedisLoss: closed, redisTimeout: 1s } } }
`;

async function startNodes(stage: Stage, provider: string, { nodes, dollars }: BudgetScale): Promise<number[]> {
  const nats = await startNats(stage, { config: `jetstream { store_dir: "${stage.folder()}" }` });
  const redis = await startRedis(stage);
  const control = await startAnnouncer(stage, nats.url);
  const ports: number[] = [];
  const members: (() => Promise<number>)[] = [];
  for (let at = 0; at < nodes; at += 1) {
    const [id, port] = [`n${at}`, await freePort()];
    await control.announce(await control.store(config(provider, port, dollars), at + 1));
    const weir = await weirNode(stage, { id, nats: nats.url, trust: control.publicKey, more: ['--redis', redis.url] });
    const isServing = () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      );
    await until(isServing, weir.said);
    ports.push(port);
    members.push(() => weir.metric(`weir_limit_nodes{worker="${id}"}`));
  }
  await until(
    async () => (await Promise.all(members.map((count) => count()))).every((count) => count === nodes),
    () => 'the nodes did not find each other',
  );
  return ports;
}

/** An answer of some tokens, which its last event tells. */
async function answer(question: Question, spent: (tokens: number) => void): Promise<void> {
  const tokens = TOKENS_MIN + Math.floor(Math.random() * (TOKENS_MAX - TOKENS_MIN + 1));
  spent(tokens);
  beginSse(question);
  for (let i = 0; i < PIECES; i += 1) {
    question.response.write(openAiWords.delta({ content: 'a word or two ' }));
    await passed(PAUSE_MS);
  }
  const usage = { prompt_tokens: 5, completion_tokens: tokens, total_tokens: 5 + tokens };
  question.response.end(openAiWords.end().replace(/"usage":\{[^}]*\}/, `"usage":${JSON.stringify(usage)}`));
}

interface Client {
  readonly port: number;
  readonly route: string;
  answered(): void;
  broken(what: string): void;
}

/** Asks for as long as there is something left of the budget. */
async function askOn({ port, route, answered, broken }: Client): Promise<void> {
  const body = JSON.stringify({
    ...{ model: 'chat', stream: true, max_tokens: TOKENS_MAX },
    messages: [{ role: 'user', content: 'hello' }],
  });
  const endsAtMs = Date.now() + WITHIN_MS;
  const headers = { 'content-type': 'application/json' };
  while (Date.now() < endsAtMs) {
    const response = await fetch(`http://127.0.0.1:${port}/${route}/v1/chat/completions`, {
      ...{ method: 'POST', headers, body },
    });
    const text = await response.text();
    if (response.status === 200) {
      if (!text.includes('[DONE]')) broken('a stream did not end');
      answered();
      continue;
    }
    if (response.status !== 429) broken(`${response.status}: ${text.slice(0, 200)}`);
    const waitS = Number(response.headers.get('retry-after'));
    if (!(waitS >= 1)) broken('a refusal does not say when to come back');
    if (waitS > GONE_S || response.status !== 429) return;
    await passed(200 + Math.random() * 300);
  }
  broken('the budget was not used up in time');
}

export function runBudget(scale: BudgetScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const [figures, broken]: [Record<string, string>, string[]] = [{}, []];
    let tokens = 0;
    const provider = await modelProvider(stage, (question) =>
      answer(question, (more) => {
        tokens += more;
      }),
    );
    const ports = await startNodes(stage, provider.url, scale);
    const { dollars, streams, nodes } = scale;
    const largest = (TOKENS_MAX * MICROS_PER_TOKEN) / 1e6;
    const bounds = { shared: dollars + (nodes - 1) * Math.max(largest, dollars / (2 * nodes)), strict: dollars };
    for (const route of ['shared', 'strict'] as const) {
      tokens = 0;
      let answers = 0;
      const fromMs = Date.now();
      const client = {
        route,
        answered: () => {
          answers += 1;
        },
        broken: (what: string) => void (broken.length < 20 && broken.push(`${route}: ${what}`)),
      };
      const clients = Array.from({ length: streams }, (_, i) => askOn({ ...client, port: ports[i % nodes] ?? 0 }));
      await Promise.all(clients);
      const spent = (tokens * MICROS_PER_TOKEN) / 1e6;
      const over = Math.max(0, spent - dollars);
      figures[route] =
        `${spent.toFixed(3)} dollars of ${dollars} in ${answers} streams and ${Date.now() - fromMs} ms; over by ${over.toFixed(3)}, a call is ${largest} at most, and ${bounds[route].toFixed(2)} is the bound`;
      if (spent > bounds[route] + 1e-9) broken.push(`${route}: ${spent} dollars were spent, above the bound`);
      if (spent < dollars * 0.9) broken.push(`${route}: only ${spent} of ${dollars} dollars could be spent`);
    }
    return { figures, broken };
  });
}
