/**
 * Images as a stream: events with pictures in base64, of which the first ones are unfinished. They pass as the bytes that they are; what is
 * kept of them while they do is a few hundred bytes. Source: platform.openai.com/docs/api-reference/images-streaming. Pure.
 *
 *   image_generation.partial_image … image_generation.completed (with usage), or error
 *   image_edit.partial_image       … image_edit.completed
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Usage } from '../../chat/chat-answer.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, parsedJson, textOf } from '../../json.js';
import { readErrorBody, toProviderError } from '../../openai-words/errors.js';
import type { WireEvent } from '../../provider.js';
import { Elision } from '../../wire/elision.js';
import { errorOfBroken } from '../../wire/framer.js';
import { SseFramer } from '../../wire/sse.js';
import { anyUsage } from './any-usage.js';
import { isJson, openaiErrorEvent } from './passed.js';
import type { Meter, PlainReading } from './plain-question.js';

/** Of an event without its picture. */
const EVENT_LENGTH_MAX = 64 * 1024;

const fields: HeaderList = [
  ...['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache'],
  ...['x-accel-buffering', 'no'],
];

export const drawnReading: PlainReading & { kind: 'passed' } = {
  kind: 'passed',
  pace: 'pictures',
  meter: (_status, headers) => new DrawnMeter(isJson(headers)),
  head: () => fields,
  errorEvent: openaiErrorEvent,
};

export class DrawnMeter implements Meter {
  error: ProviderError | null = null;
  isErrorTold = false;
  usage: Usage | null = null;
  /** The last picture has come. */
  isWhole = false;
  readonly saidTokens = null;
  readonly #elision = new Elision();
  readonly #framer = new SseFramer({ eventLengthMax: EVENT_LENGTH_MAX });

  /** `isAnswer`: what comes is no stream, though one was asked for. */
  constructor(isAnswer = false) {
    if (isAnswer)
      this.error = providerError(
        'malformed',
        'The provider answered in one piece where a stream of images was asked for.',
      );
  }

  /** Until the next picture begins, nothing is expected sooner than a whole answer. */
  get isBetween(): boolean {
    return !this.#elision.isInText;
  }

  feed(chunk: Uint8Array): number {
    if (this.error !== null) return 0;
    const events = this.#framer.feed(this.#elision.feed(chunk));
    // In the middle of a picture, of which its event says what it is when it is over.
    const hasPicture = this.#elision.leftOut > 0;
    const shows = this.#read(events);
    if (this.#framer.broken !== null) this.error ??= errorOfBroken(this.#framer.broken);
    return hasPicture || shows ? 1 : 0;
  }

  end(): ProviderError | null {
    this.#read(this.#framer.end());
    if (!this.isWhole) this.error ??= providerError('cut', 'The stream of images ended before the last one had come.');
    return this.error;
  }

  #read(events: readonly WireEvent[]): boolean {
    let shows = false;
    for (const { type: name, data } of events) {
      const said = parsedJson(data);
      if (!isObject(said)) continue;
      const type = textOf(said['type']) ?? name;
      if (type === 'error' || isObject(said['error'])) {
        const found = readErrorBody(said) ?? { message: '', code: null, type: null, param: null, status: null };
        this.error ??= toProviderError(0, found);
        this.isErrorTold = true;
      } else if (textOf(said['b64_json']) !== null) {
        shows = true;
        this.isWhole ||= type.endsWith('.completed');
        this.usage = anyUsage(said) ?? this.usage;
      }
    }
    return shows;
  }
}
