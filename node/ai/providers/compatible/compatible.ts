/** A provider from a spec, and from the few things that data can't say. Pure. */

import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ChatRequest } from '../../chat/chat-request.js';
import { parsedJson } from '../../json.js';
import { readErrorBody, toProviderError } from '../../openai-words/errors.js';
import type { Provider, ProviderPlace } from '../../provider.js';
import { encodeStep } from '../../uri.js';
import { openAiOperations, operationPaths, plainPlace } from '../openai-operations/openai-operations.js';
import { readAnswer } from './answer.js';
import { writeBody } from './request.js';
import type { CompatibleSpec } from './spec.js';
import { ChunkReader } from './stream.js';

/** What OpenAI itself and Azure do by themselves. */
export interface OwnWays {
  readonly path?: (place: ProviderPlace) => string;
  readonly query?: (place: ProviderPlace) => string;
  readonly headers?: (place: ProviderPlace) => HeaderList;
  readonly systemRole?: (model: string) => 'system' | 'developer';
}

export function compatibleProvider(spec: CompatibleSpec, own: OwnWays = {}): Provider {
  return {
    kind: spec.id,
    title: spec.title,
    defaultUrl: spec.defaultUrl ?? null,
    credential: spec.credential ?? { kind: 'bearer' },
    framing: 'sse',
    request(chat, place) {
      const { body, unsupported } = writeBody(chat, place.model, spec, own.systemRole?.(place.model));
      return {
        method: 'POST',
        path:
          own.path?.(place) ?? filled(`${basePathOf(chat, place, spec)}${spec.chatPath ?? '/chat/completions'}`, place),
        query: own.query?.(place) ?? '',
        headers: own.headers?.(place) ?? [],
        body,
        unsupported,
      };
    },
    continues: (chat, place) => continuesBy(chat, place, spec),
    answer: (body) => readAnswer(body, spec),
    stream: () => new ChunkReader(spec),
    error(status, headers, text) {
      const found = readErrorBody(parsed(text)) ?? { message: '', code: null, type: null, param: null, status: null };
      return toProviderError(status, found, spec.errorKinds, headers);
    },
    operations: compatibleOperations(spec),
  };
}

function compatibleOperations(spec: CompatibleSpec) {
  const { operations = [], operationPaths: own = {}, title, names, streamsImages = false } = spec;
  const ends = new Map(operations.map((word) => [operationPaths[word], own[word] ?? operationPaths[word]]));
  return openAiOperations(operations, {
    title,
    streamsImages,
    ...(names === undefined ? {} : { names }),
    place: (place, end) => ({
      ...plainPlace(place, ''),
      path: filled(`${place.basePath}${ends.get(end) ?? end}`, place),
    }),
  });
}

function continuesBy(
  chat: ChatRequest,
  { basePath }: ProviderPlace,
  { prefix }: CompatibleSpec,
): 'prefix' | 'echo' | null {
  if (prefix === undefined || (prefix.unlessReasoning === true && chat.reasoning !== null)) return null;
  // Where a proxy stands before the API, nobody knows what lies beside the path that it has.
  if (prefix.basePath !== undefined && !['', '/v1', prefix.basePath].includes(basePath)) return null;
  return prefix.echoes === true ? 'echo' : 'prefix';
}

function basePathOf({ messages }: ChatRequest, { basePath }: ProviderPlace, { prefix }: CompatibleSpec): string {
  return messages.at(-1)?.isUnfinished === true ? (prefix?.basePath ?? basePath) : basePath;
}

/** `{name}` in a path is a setting; `%7B` is what a URL makes of a brace. */
export function filled(path: string, { model, settings }: ProviderPlace): string {
  if (!path.includes('{') && !path.includes('%7')) return path;
  return path.replace(/(?:\{|%7B)(\w+)(?:\}|%7D)/gi, (_whole, name: string) =>
    encodeStep(name === 'model' ? model : ((Object.hasOwn(settings, name) ? settings[name] : undefined) ?? '')),
  );
}

/** An error's body is JSON, or a proxy's page: of that no more than a line is of use. */
export function parsed(text: string): unknown {
  const value = parsedJson(text);
  if (value !== undefined) return value;
  return text.trimStart().startsWith('<') ? null : text.slice(0, 300);
}
