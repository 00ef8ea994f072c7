/** Answers of operations that pass as they are: sound, and what was heard in it. Pure. */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { Usage } from '../../chat/chat-answer.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { openaiError } from '../../formats/openai-words/errors.js';
import { isObject, type JsonObject, numberOf } from '../../json.js';
import { type SpeechRequest, speechMediaType } from '../../operations/speech.js';
import type { Framing, WireEvent } from '../../provider.js';
import type { Framer } from '../../wire/framer.js';
import { openFramer } from '../../wire/open-framer.js';
import { joined, jsonOf } from '../body-text.js';
import { anyUsage } from './any-usage.js';
import type { Meter, PlainReading } from './plain-question.js';

type Passed = PlainReading & { kind: 'passed' };

/** A JSON of this length is read for the usage in it; a longer one passes all the same. */
const READ_BYTES_MAX = 256 * 1024;

export function soundReading({ format, isEvents }: SpeechRequest): Passed {
  return {
    kind: 'passed',
    pace: 'stream',
    meter: () => (isEvents ? new EventByteMeter('sse') : new ByteMeter(false)),
    head: (headers) => typeFields(headers, isEvents ? 'text/event-stream' : speechMediaType(format)),
    errorEvent: isEvents ? openaiErrorEvent : () => '',
  };
}

/** JSON, text, subtitles or events, as the form has asked for. */
export const textReading: Passed = {
  kind: 'passed',
  pace: 'whole',
  meter: (_status, headers) => new ByteMeter(isJson(headers)),
  head: (headers) => typeFields(headers, 'application/json'),
  errorEvent: openaiErrorEvent,
};

export function openaiErrorEvent(error: ProviderError): string {
  return `data: ${JSON.stringify(openaiError(error).body)}\n\n`;
}

export function isJson(headers: HeaderList): boolean {
  return /^application\/json\b/i.test(headerValue(headers, 'content-type') ?? '');
}

function typeFields(headers: HeaderList, usual: string): HeaderList {
  return ['content-type', headerValue(headers, 'content-type') ?? usual];
}

/** Every byte is content. Where the body is JSON, it is kept up to a bound, and says what it has cost. */
export class ByteMeter implements Meter {
  readonly error = null;
  readonly isErrorTold = false;
  readonly saidTokens = null;
  usage: Usage | null = null;
  readonly #isRead: boolean;
  readonly #readUsage: (body: JsonObject) => Usage | null;
  readonly #mayBeEmpty: boolean;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(isRead: boolean, usageIn: (body: JsonObject) => Usage | null = transcriptUsage, mayBeEmpty = false) {
    this.#isRead = isRead;
    this.#readUsage = usageIn;
    this.#mayBeEmpty = mayBeEmpty;
  }

  feed(chunk: Uint8Array): number {
    this.#bytes += chunk.byteLength;
    if (this.#isRead && this.#bytes <= READ_BYTES_MAX) this.#chunks.push(chunk);
    else this.#chunks = [];
    return chunk.byteLength > 0 ? 1 : 0;
  }

  end(): ProviderError | null {
    if (this.#bytes === 0) {
      return this.#mayBeEmpty ? null : answeredNothing();
    }
    const body = this.#chunks.length === 0 ? null : jsonOf(joined(this.#chunks));
    if (isObject(body)) this.usage = this.#readUsage(body);
    return null;
  }
}

/** Every byte is content, and events among them may say what they have cost. */
export class EventByteMeter implements Meter {
  readonly error = null;
  readonly isErrorTold = false;
  readonly saidTokens = null;
  usage: Usage | null = null;
  readonly #framer: Framer;
  #isEmpty = true;
  readonly #mayBeEmpty: boolean;

  constructor(framing: Framing, mayBeEmpty = false) {
    this.#framer = openFramer(framing);
    this.#mayBeEmpty = mayBeEmpty;
  }

  feed(chunk: Uint8Array): number {
    this.#isEmpty &&= chunk.byteLength === 0;
    this.#read(this.#framer.feed(chunk));
    return chunk.byteLength > 0 ? 1 : 0;
  }

  end(): ProviderError | null {
    this.#read(this.#framer.end());
    return this.#isEmpty && !this.#mayBeEmpty ? answeredNothing() : null;
  }

  #read(events: readonly WireEvent[]): void {
    for (const { data } of events) if (SAYS_USAGE.test(data)) this.usage = anyUsage(jsonIn(data)) ?? this.usage;
  }
}

const answeredNothing = () => providerError('malformed', 'The provider answered with nothing.');

const SAYS_USAGE = /"usage|"eval_count"/;

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Of models that are paid by the token; others are by the minute, which is no count of tokens. */
function transcriptUsage({ usage }: JsonObject): Usage | null {
  if (!isObject(usage) || usage['type'] !== 'tokens') return null;
  const counts = { cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false };
  return { ...counts, input: numberOf(usage['input_tokens']) ?? 0, output: numberOf(usage['output_tokens']) ?? 0 };
}
