/**
 * A request in a provider's own API, passed on with the gateway's key in the caller's place. What it says is the provider's business; looked
 * at are the model that it names, and, on the way back, content, usage and errors as far as the provider's translator knows them. Pure.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { AiPassthroughSpec } from '@weir/proto/snapshot/ai.js';
import type { GatewayRequest } from '../../../pipeline/dispatch.js';
import { isContent, type Usage } from '../../chat/chat-answer.js';
import type { ProviderError } from '../../chat/provider-error.js';
import type { Read } from '../../operations/read.js';
import { isProviderError, type Provider, type StreamReader, type WireEvent } from '../../provider.js';
import { errorOfBroken, type Framer } from '../../wire/framer.js';
import { openFramer } from '../../wire/open-framer.js';
import type { AiProvider } from '../ai-store.js';
import { jsonOf } from '../body-text.js';
import { tokensIn } from '../stream-clock.js';
import { anyUsage } from './any-usage.js';
import { isNativeStream, type NativeApi, nativeModel, nativePath } from './native-apis.js';
import { ByteMeter, EventByteMeter, isJson } from './passed.js';
import type { Meter, PlainQuestion, PlainReading } from './plain-question.js';
import { nativeSizeOrFree } from './plain-size.js';

/** Who asks and from where is nobody's business; what a body is, and which version of an API is meant, is the provider's. */
const passing: ReadonlySet<string> = new Set([
  ...['accept', 'accept-language', 'content-type', 'anthropic-version', 'anthropic-beta', 'openai-beta'],
  ...['idempotency-key', 'x-goog-api-client', 'x-goog-request-params'],
]);
/** A caller's credential in the query. */
const credentials = ['key', 'api_key', 'api-key', 'access_token', 'auth_token'];

export function readNative(
  request: Pick<GatewayRequest, 'method' | 'path' | 'query' | 'headers' | 'body'>,
  bytes: Uint8Array,
  { provider: id, prefix }: AiPassthroughSpec,
  { spec, provider }: AiProvider,
  api: NativeApi,
): Read<PlainQuestion> {
  const path = nativePath(request.path, prefix, spec.kind, spec.basePath);
  if (path === null)
    return { field: '', message: `At this path ${provider.title} has nothing that is passed on: ${request.path}` };
  const body = bytes.byteLength === 0 ? undefined : jsonOf(bytes);
  const model = nativeModel(api, path, body);
  const name = `${id}/${model ?? '*'}`;
  return {
    title: 'API',
    model: name,
    size: nativeSizeOrFree(path, body, request.body === null ? 0 : bytes.byteLength),
    targets: ({ allowed }) =>
      allowed.size > 0 && !allowed.has(name) ? null : [{ provider: id, model: model ?? '*', weight: 1, when: null }],
    asked: () => ({
      method: request.method,
      path,
      query: withoutCredentials(request.query),
      headers: passedFields(request.headers),
      body: request.body === null ? null : bytes,
      lacks: [],
      reading: nativeReading(provider, api, api.chats.test(path), isNativeStream(api, path, body)),
    }),
    fallBack: () => null,
  };
}

function passedFields(headers: HeaderList): HeaderList {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = headers.slice(i, i + 2);
    if (passing.has(name)) kept.push(name, value);
  }
  return kept;
}

/** A name may be spelt by codes, and providers read them. */
function withoutCredentials(query: string): string {
  const isCredential = (pair: string): boolean => [...new URLSearchParams(pair).keys()].some(isOneOfThem);
  return query
    .split('&')
    .filter((pair) => !isCredential(pair))
    .join('&');
}

const isOneOfThem = (name: string): boolean => credentials.includes(name.toLowerCase());

function nativeReading(provider: Provider, api: NativeApi, isChat: boolean, isStream: boolean): PlainReading {
  return {
    kind: 'passed',
    pace: isStream ? 'stream' : 'whole',
    meter: (_status, headers) => {
      if (isChat && isStream && !isJson(headers))
        return new EventMeter(openFramer(provider.framing), provider.stream());
      if (isStream && !isJson(headers)) return new EventByteMeter(provider.framing, true);
      return new ByteMeter(isJson(headers), (body) => (isChat ? usageIn(provider, body) : anyUsage(body)), true);
    },
    head: (headers) => {
      const type = headerValue(headers, 'content-type');
      return type === undefined ? [] : ['content-type', type];
    },
    errorEvent: api.errorEvent,
  };
}

function usageIn(provider: Provider, body: unknown): Usage | null {
  const answer = provider.answer(body);
  return isProviderError(answer) ? null : answer.usage;
}

/** Reads a stream as the provider's translator does, while its bytes pass. */
class EventMeter implements Meter {
  error: ProviderError | null = null;
  isErrorTold = false;
  usage: Usage | null = null;
  saidTokens = 0;
  readonly #framer: Framer;
  readonly #reader: StreamReader;

  constructor(framer: Framer, reader: StreamReader) {
    this.#framer = framer;
    this.#reader = reader;
  }

  feed(chunk: Uint8Array): number {
    if (this.error !== null) return 0;
    const tokens = this.#read(this.#framer.feed(chunk));
    this.saidTokens += tokens;
    if (this.#framer.broken !== null) this.error ??= errorOfBroken(this.#framer.broken);
    return tokens;
  }

  end(): ProviderError | null {
    this.saidTokens += this.#read(this.#framer.end());
    if (this.#framer.broken !== null) this.error ??= errorOfBroken(this.#framer.broken);
    for (const event of this.#reader.end()) if (event.kind === 'error') this.error ??= event.error;
    return this.error;
  }

  #read(read: readonly WireEvent[]): number {
    let tokens = 0;
    for (const event of read.flatMap((one) => this.#reader.read(one))) {
      if (event.kind === 'error') {
        this.error ??= event.error;
        this.isErrorTold = true;
      } else if (event.kind === 'usage') this.usage = event.usage;
      else if (isContent(event)) tokens += tokensIn('text' in event ? event.text.length : 0);
    }
    return tokens;
  }
}
