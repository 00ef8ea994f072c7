/**
 * Asks a model for the vector of a text, in OpenAI's words, by the upstream and a key of its provider. One attempt: whoever waits for it has
 * little time, and can do without.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { AiSemanticSpec } from '@weir/proto/snapshot/ai.js';
import { WholeBody } from '../../cache/whole-body.js';
import { withQuestion } from '../../pipeline/derived-request.js';
import type { Cancel, GatewayRequest, ResponseHandler, ResponseHead } from '../../pipeline/dispatch.js';
import type { Usage } from '../chat/chat-answer.js';
import { believedUsage } from '../chat/usage-bounds.js';
import type { AiRules } from '../gateway/ai-route.js';
import { joined, jsonOf } from '../gateway/body-text.js';
import { errorOfFailure } from '../gateway/failed-model.js';
import { type KeyUse, verdictOf } from '../gateway/key-standing.js';
import { anyUsage } from '../gateway/plain/any-usage.js';
import { isObject, listOf } from '../json.js';
import type { ProviderRequest } from '../provider.js';

/** A vector of 3,072 numbers in JSON has some 70 KiB. */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** Longer texts are not what others ask by other words, and models of vectors do not take them. */
const TEXT_CHARACTERS_MAX = 24_000;

/** What it took: `guess`: it was read, and nobody has said how much that was; null: nothing. */
export type EmbeddingTook = Usage | 'guess' | null;

/** `told` is called once, unless it is cancelled: with the vector, or null where there is none. */
export function embed(
  text: string,
  request: GatewayRequest,
  { provider: id, model }: Pick<AiSemanticSpec, 'provider' | 'model'>,
  rules: AiRules,
  told: (vector: readonly number[] | null, took: EmbeddingTook) => void,
): Cancel {
  const { services, ai, ask, hosts } = rules;
  const provider = ai.providers.get(id);
  const dispatch = provider === undefined ? undefined : ask.get(provider.spec.upstream);
  const nowMs = services.clock.nowMs();
  const key = provider?.pool.pick(model, new Set(), nowMs, services.random) ?? null;
  const hasNoKey = provider !== undefined && provider.pool.keys.length > 0 && key === null;
  // Without the token that it goes by a key would be refused, and be out for chats as well.
  const isEarly = key !== null && key.tokens !== null && key.tokens.token === null;
  // The next question finds it there.
  if (isEarly) key.tokens?.ready(() => {});
  if (provider === undefined || dispatch === undefined || hasNoKey || isEarly || text.length > TEXT_CHARACTERS_MAX) {
    told(null, null);
    return () => {};
  }
  const { basePath, upstream } = provider.spec;
  const asked: ProviderRequest = {
    ...{ method: 'POST', path: `${basePath}/embeddings`, query: '', headers: [], unsupported: [] },
    body: { model, input: [text], encoding_format: 'float' },
  };
  const body = new TextEncoder().encode(JSON.stringify(asked.body));
  const headers = [
    ...['content-type', 'application/json', 'accept', 'application/json', 'accept-encoding', 'identity'],
    ...(key?.fields({ asked, body, host: hosts.get(upstream) ?? '' }) ?? []),
  ];
  const use = key?.standing.begin(model) ?? null;
  const over = (use_: KeyUse | null, status: number): void => {
    if (use_ === null) return;
    const verdict =
      status === 200 ? 'answered' : status === 0 ? 'unknown' : verdictOf(provider.provider.error(status, [], '').kind);
    key?.standing.end(use_, verdict, null, services.clock.nowMs());
  };
  const { method, path, query } = asked;
  const reading = new Reading((vector, status, took) => {
    over(use, status);
    told(vector, took);
  });
  const question = withQuestion(request, { method, path, query, headers, body: new WholeBody(body), cause: undefined });
  reading.cancel = dispatch(question, reading);
  return () => {
    if (reading.isOver) return;
    reading.isOver = true;
    over(use, 0);
    reading.cancel();
  };
}

class Reading implements ResponseHandler {
  isOver = false;
  cancel: Cancel = () => {};
  readonly #told: (vector: readonly number[] | null, status: number, took: EmbeddingTook) => void;
  readonly #chunks: Uint8Array[] = [];
  #status = 0;
  #bytes = 0;

  constructor(told: (vector: readonly number[] | null, status: number, took: EmbeddingTook) => void) {
    this.#told = told;
  }

  onHeaders({ status }: ResponseHead): void {
    this.#status = status;
  }

  onData(chunk: Uint8Array): boolean {
    if (this.isOver) return false;
    this.#bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    if (this.#bytes <= ANSWER_BYTES_MAX) return true;
    this.cancel();
    this.#end(null, 'guess');
    return false;
  }

  onComplete(): void {
    if (this.#status !== 200) {
      this.#end(null, null);
      return;
    }
    const body = jsonOf(joined(this.#chunks));
    const usage = anyUsage(body);
    this.#end(vectorIn(body), usage === null ? 'guess' : believedUsage(usage));
  }

  /** Whoever was not waited for has read it all the same. */
  onError(failed: Failure): void {
    const { kind } = errorOfFailure(failed, this.#status !== 0);
    this.#end(null, kind === 'timeout' || kind === 'cut' ? 'guess' : null);
  }

  #end(vector: readonly number[] | null, took: EmbeddingTook): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#told(vector, this.#status, took);
  }
}

/** Null: it is no answer to one text. */
export function vectorIn(body: unknown): readonly number[] | null {
  const first = isObject(body) ? listOf(body['data'])[0] : undefined;
  const numbers = isObject(first) ? listOf(first['embedding']) : [];
  const isVector = numbers.length > 0 && numbers.every((one): one is number => Number.isFinite(one));
  return isVector ? numbers : null;
}
