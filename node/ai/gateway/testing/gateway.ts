/** A route over models with what is around it: clock, keys, scripted providers, the client. Only tests import this. */
import type { TimerName } from '@weir/proto/http/failures.js';
import type { AiModelSpec, AiProviderSpec, AiRouteSpec, AiSpec, AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { sha256 } from '../../../cache/l2/digest.js';
import { createNodeCache } from '../../../cache/node-cache.js';
import { ai } from '../../../layers/ai.js';
import { answerFailure } from '../../../layers/answer-failure.js';
import type { Decision } from '../../../observe/decisions.js';
import type { Dispatch, GatewayRequest } from '../../../pipeline/dispatch.js';
import {
  type FakeClock,
  fakeBody,
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  type ScriptedCall,
  scriptedDispatch,
} from '../../../pipeline/testing/harness.js';
import { makeRoute, makeServices, makeTarget, makeUpstream, routeTimeouts } from '../../../pipeline/testing/specs.js';
import { createHeldBytes } from '../../../upstream/retry/held-bytes.js';
import { digests } from '../../aws/digests.js';
import type { GoogleOutside } from '../../google/access-tokens.js';
import { AiStore } from '../ai-store.js';

export const routeSpec: AiRouteSpec = {
  kind: 'ai',
  models: [],
  timers: { firstTokenMs: 3_000, betweenTokensMs: 1_000, tokensPerSecondMin: 0 },
  heartbeatMs: 0,
  unsupported: 'refuse',
  attempts: 4,
  answerCharsMax: 100_000,
  prompts: null,
  isPromptsOnly: false,
  guards: [],
  cache: null,
  durable: null,
};

export const provider = (id: string, more: Partial<AiProviderSpec> = {}): AiProviderSpec => ({
  id,
  kind: 'openai',
  upstream: id,
  basePath: '/v1',
  settings: {},
  compatible: null,
  keys: [{ id: 'k1', secret: `sk-${id}-1`, weight: 1 }],
  ...more,
});

export const target = (name: string, when: AiTargetSpec['when'] = null): AiTargetSpec => {
  const [id = '', model = ''] = name.split('/');
  return { provider: id, model, weight: 1, when };
};

/** `chat` is a model of `a`, then `b`, then `c`, in this order. */
const chain: AiModelSpec = {
  id: 'chat',
  targets: [
    target('a/m'),
    target('b/m', ['timeout', 'overloaded', 'rateLimited', 'error', 'contextExceeded', 'contentFiltered']),
  ],
};

export interface Given {
  readonly spec?: Partial<AiRouteSpec>;
  readonly ai?: Partial<AiSpec>;
  readonly route?: Partial<RouteSpec>;
  readonly bodyBytes?: number;
  readonly google?: GoogleOutside;
  /** Left out: a bug fails the test. */
  readonly onBug?: (error: unknown) => void;
  /** With the clock that it goes by; it must have been prepared. */
  readonly kept?: { readonly store: AiStore; readonly clock: FakeClock };
}

export function setUp({ spec = {}, ai: aiSpec = {}, route = {}, bodyBytes, google, onBug, kept }: Given = {}) {
  const clock = kept?.clock ?? fakeClock();
  const timers = fakeTimers(clock);
  const decided: Decision[] = [];
  const fired: TimerName[] = [];
  const store = kept?.store ?? new AiStore({ digests, wallMs: () => clock.wallMs() }, { google: google ?? null });
  const compiled = store.compile(
    {
      providers: [provider('a'), provider('b', { kind: 'anthropic' })],
      models: [chain],
      prompts: [],
      guards: [],
      ...aiSpec,
    },
    (text) => text,
  );
  store.use(compiled);
  const bodies = createHeldBytes(bodyBytes);
  const heldBytes = createHeldBytes();
  const observer = {
    ...makeServices().observer,
    decided: (one: Decision) => decided.push(one),
    timerFired: (timer: TimerName) => fired.push(timer),
  };
  const upstreams = { get: (id: string) => makeUpstream([makeTarget({ id: `${id}.example:443` })]) };
  const heard = onBug === undefined ? {} : { onBug };
  const cache = createNodeCache({ clock, timers });
  cache.use({ memoryBytes: 1_000_000, writingBytes: 100_000, bodyBytesMax: 100_000, l2: null }, []);
  const sign = (purpose: string, text: string): string => sha256(`${purpose} ${text}`);
  const own = { clock, upstreams, timers, ai: compiled, observer, bodies, heldBytes, cache, sign };
  const services = makeServices({ ...own, ...heard });
  const below = scriptedDispatch();
  const asked: RouteSpec[] = [];
  const timeouts = { ...routeTimeouts, totalMs: 60_000 };
  const full = makeRoute({ action: { ...routeSpec, ...spec }, timeouts, ...route });
  const layer = ai((branch) => {
    asked.push(branch);
    return below.dispatch;
  })(full, services);
  const answers = answerFailure(full, services);
  if (layer === null || answers === null) throw new Error('a route over models has the layer');
  const dispatch: Dispatch = answers(layer(below.dispatch));
  const send = (body: unknown, request: Partial<GatewayRequest> = {}, leftMs = 60_000) => {
    const handler = recordingHandler();
    const exchange = makeExchange();
    exchange.deadlineAtMs = clock.nowMs() + leftMs;
    const source = fakeBody();
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const given = { method: 'POST', path: '/v1/chat/completions', headers: ['content-type', 'application/json'] };
    const cancel = dispatch(makeRequest({ ...given, exchange, body: source, ...request }), handler);
    source.push(text);
    source.end();
    return { handler, exchange, cancel };
  };
  return { clock, timers, below, asked, decided, fired, store, compiled, bodies, heldBytes, dispatch, send };
}

export const ask = (more: Readonly<Record<string, unknown>> = {}) => ({
  model: 'chat',
  messages: [{ role: 'user', content: 'hello' }],
  ...more,
});
export const askStream = (more: Readonly<Record<string, unknown>> = {}) => ask({ stream: true, ...more });

const SSE = ['content-type', 'text/event-stream'];

/** What OpenAI's API says; one chunk for each piece of text. */
export const openAi = {
  whole: (text: string) => ({
    ...{ id: 'o-1', object: 'chat.completion', created: 1, model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  }),
  chunk: (delta: Readonly<Record<string, unknown>>, finish: string | null = null): string =>
    `data: ${JSON.stringify({
      ...{ id: 'o-1', object: 'chat.completion.chunk', created: 1, model: 'm' },
      choices: [{ index: 0, delta, finish_reason: finish }],
    })}\n\n`,
  usage: `data: ${JSON.stringify({
    ...{ id: 'o-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [] },
    usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  })}\n\n`,
  done: 'data: [DONE]\n\n',
  error: (message: string): string =>
    `data: ${JSON.stringify({ error: { message, type: 'server_error', code: null } })}\n\n`,
  stream: (...texts: readonly string[]): string =>
    openAi.chunk({ role: 'assistant', content: '' }) +
    texts.map((content) => openAi.chunk({ content })).join('') +
    openAi.chunk({}, 'stop') +
    openAi.usage +
    openAi.done,
};

/** What Anthropic's API says. */
export const claude = {
  whole: (text: string) => ({
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn', stop_sequence: null },
    content: [{ type: 'text', text }],
    usage: { input_tokens: 3, output_tokens: 4 },
  }),
};

export function answerJson(call: ScriptedCall, body: unknown, status = 200, headers: readonly string[] = []): void {
  call.answer(status, ['content-type', 'application/json', ...headers], JSON.stringify(body));
}

export function beginStream(call: ScriptedCall): void {
  call.head(200, SSE);
}

/** The data of what a client was sent, event by event; comments as they are. */
export function eventsIn(text: string): unknown[] {
  const events = text.split('\n\n').filter((event) => event !== '');
  return events.map((event) => {
    if (event.startsWith(':')) return event;
    const data = event.slice(event.indexOf('data: ') + 'data: '.length);
    return data === '[DONE]' ? data : JSON.parse(data);
  });
}

/** The text that an OpenAI client adds up. */
export function saidIn(text: string): string {
  return eventsIn(text)
    .map((event) => {
      // The shape of OpenAI's chunks, of which a test reads no more.
      const { choices } = event as { choices?: { delta?: { content?: string } }[] };
      return choices?.[0]?.delta?.content ?? '';
    })
    .join('');
}

export const keyOf = ({ request }: ScriptedCall): string | undefined => {
  const at = request.headers.indexOf('authorization');
  return at === -1 ? undefined : request.headers[at + 1];
};
