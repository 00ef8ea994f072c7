/**
 * What the gateway has to know of a provider's own API to pass it on: where its operations lie, which model is asked, what is streamed, and
 * how an error is told in it. Pure.
 */
import { factsOf } from '@weir/proto/ai/providers.js';
import { type ProviderError, type ProviderErrorKind, providerErrorTable } from '../../chat/provider-error.js';
import type { FormatError, Misread } from '../../format.js';
import { anthropicMessages } from '../../formats/anthropic-messages/anthropic-messages.js';
import { openaiChat } from '../../formats/openai-chat/openai-chat.js';
import { isObject, textOf } from '../../json.js';
import { openaiErrorEvent } from './passed.js';
import type { ErrorWords } from './plain-question.js';

export interface NativeApi {
  readonly words: ErrorWords;
  errorEvent(error: ProviderError): string;
  /** What the operation is said by, as the translator of the provider's chats reads its answers. */
  readonly chats: RegExp;
  /** The model in the path, as its first group; null: it stands in the body. */
  readonly modelInPath: RegExp | null;
  /** The operation streams by its name; null: `stream` of the body says so. */
  readonly streams: RegExp | null;
}

const googleStatuses: Partial<Readonly<Record<ProviderErrorKind, string>>> = {
  invalidRequest: 'INVALID_ARGUMENT',
  requestTooLarge: 'INVALID_ARGUMENT',
  contextExceeded: 'INVALID_ARGUMENT',
  contentFiltered: 'INVALID_ARGUMENT',
  notFound: 'NOT_FOUND',
  rateLimited: 'RESOURCE_EXHAUSTED',
  quotaExhausted: 'RESOURCE_EXHAUSTED',
  overloaded: 'UNAVAILABLE',
  timeout: 'DEADLINE_EXCEEDED',
};

/** `google.rpc.Status`, AIP-193. */
function googleError({ kind, message }: ProviderError): FormatError {
  const { status } = providerErrorTable[kind];
  return { status, body: { error: { code: status, message, status: googleStatuses[kind] ?? 'INTERNAL' } } };
}

const googleWords: ErrorWords = {
  name: 'google',
  error: googleError,
  misread: ({ message }: Misread) => ({
    status: 400,
    body: { error: { code: 400, message, status: 'INVALID_ARGUMENT' } },
  }),
};

const google: NativeApi = {
  words: googleWords,
  errorEvent: (error) => `data: ${JSON.stringify(googleError(error).body)}\n\n`,
  chats: /:(?:streamG|g)enerateContent$/,
  modelInPath: /\/models\/([^/:]+)/,
  streams: /:stream\w+$/,
};

const anthropic: NativeApi = {
  words: anthropicMessages,
  errorEvent: (error) => `event: error\ndata: ${JSON.stringify(anthropicMessages.error(error).body)}\n\n`,
  chats: /\/messages$/,
  modelInPath: null,
  streams: null,
};

const openai: NativeApi = {
  words: openaiChat,
  errorEvent: openaiErrorEvent,
  chats: /\/chat\/completions$/,
  modelInPath: null,
  streams: null,
};

const apis: Readonly<Record<string, NativeApi>> = {
  anthropic,
  gemini: google,
  vertex: google,
  'azure-openai': { ...openai, modelInPath: /\/deployments\/([^/]+)\// },
  // Frames of AWS and lines of JSON have no place for an event of ours: the broken end says it.
  bedrock: {
    ...openai,
    errorEvent: () => '',
    chats: /\/converse(?:-stream)?$/,
    modelInPath: /\/model\/([^/]+)\//,
    streams: /-stream$/,
  },
  cohere: { ...openai, chats: /\/v2\/chat$/ },
  ollama: { ...openai, errorEvent: () => '', chats: /\/api\/chat$/ },
};

/** Whoever is not told of here speaks as OpenAI does. */
export function nativeApi(kind: string): NativeApi {
  return (Object.hasOwn(apis, kind) ? apis[kind] : undefined) ?? openai;
}

/**
 * `..` as a step, however it and what is around it are written: it would lead out of the API. Servers are seen that take an encoded slash, a
 * backslash or what follows a semicolon for the border of a step; encoded twice, as those behind a proxy may read it.
 */
const UPWARDS = /(?:^|[/\\]|%(?:25)*(?:2f|5c))(?:\.|%(?:25)*2e){1,2}(?:[/\\;]|%(?:25)*(?:2f|5c|3b)|$)/i;

/**
 * Where an operation lies at the provider. Callers write what is usual for the kind (`/v1beta/models/…`), wherever the config has the
 * provider lie. Null: it lies beside the API, where the gateway's key is not shown around.
 */
export function nativePath(path: string, prefix: string, kind: string, basePath: string): string | null {
  const rest = prefix === '/' || prefix === '' ? path : path.slice(prefix.length);
  const url = factsOf(kind)?.url ?? null;
  const usual = url === null ? basePath : new URL(url.replace(/\{\w+\}/g, 'x')).pathname.replace(/\/$/, '');
  if (!rest.startsWith(`${usual}/`) || UPWARDS.test(rest)) return null;
  return `${basePath}${rest.slice(usual.length)}`;
}

/** Null: none is named. */
export function nativeModel({ modelInPath }: NativeApi, path: string, body: unknown): string | null {
  if (modelInPath === null) return isObject(body) ? textOf(body['model']) : null;
  const [, found] = modelInPath.exec(path) ?? [];
  if (found === undefined) return null;
  try {
    return decodeURIComponent(found);
  } catch {
    return null;
  }
}

export function isNativeStream({ streams }: NativeApi, path: string, body: unknown): boolean {
  return streams === null ? isObject(body) && body['stream'] === true : streams.test(path);
}
