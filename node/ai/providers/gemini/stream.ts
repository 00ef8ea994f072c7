/**
 * One stream of Gemini: each event is a whole `GenerateContentResponse` that says what is new. A whole answer is a stream of
 * one event, and is read as such. Pure.
 */
import type { ChatAnswer, ChatEvent, Choice } from '../../chat/chat-answer.js';
import { Gathering } from '../../chat/gather.js';
import type { Part } from '../../chat/part.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import type { StreamReader, WireEvent } from '../../provider.js';
import { malformed, objectOf, parsed } from '../untrusted.js';
import { type CandidateState, eventsOfCandidate, finishOf, usageOf } from './candidate.js';
import { errorOf } from './error.js';

/** Google gives at most eight. */
const CANDIDATES_MAX = 64;

export class GeminiStream implements StreamReader {
  readonly #candidates = new Map<number, CandidateState & { isFinished: boolean }>();
  #id: string | null = null;
  #isOver = false;

  read(event: WireEvent): readonly ChatEvent[] {
    return this.#isOver ? [] : this.readBody(parsed(event.data));
  }

  readBody(body: unknown): readonly ChatEvent[] {
    if (!isObject(body)) return this.#failed(malformed('An event of the stream is not a JSON object'));
    if (isObject(body['error'])) return this.#failed(errorOf(body['error'], null));
    const blocked = textOf(objectOf(body['promptFeedback'])['blockReason']);
    if (blocked !== null) return this.#failed(blockedError(blocked, objectOf(body['promptFeedback'])));
    const events: ChatEvent[] = this.#id === null ? [this.#started(body)] : [];
    for (const candidate of listOf(body['candidates']).filter(isObject)) events.push(...this.#said(candidate));
    const usage = usageOf(body['usageMetadata']);
    if (usage !== null) events.push({ kind: 'usage', usage });
    return events;
  }

  end(): readonly ChatEvent[] {
    if (this.#isOver) return [];
    const states = [...this.#candidates.values()];
    if (states.length > 0 && states.every(({ isFinished }) => isFinished)) return [];
    return this.#failed(providerError('cut', 'The stream ended before the answer did'));
  }

  #started(body: JsonObject): ChatEvent {
    this.#id = textOf(body['responseId']) ?? '';
    // On Vertex AI only.
    const createdMs = Date.parse(textOf(body['createTime']) ?? '');
    const createdS = Number.isNaN(createdMs) ? null : Math.floor(createdMs / 1000);
    return { kind: 'start', id: this.#id, model: textOf(body['modelVersion']) ?? '', createdS };
  }

  #said(candidate: JsonObject): ChatEvent[] {
    const index = numberOf(candidate['index']) ?? 0;
    const choice = Number.isInteger(index) ? Math.min(Math.max(index, 0), CANDIDATES_MAX - 1) : 0;
    const state = this.#candidates.get(choice) ?? { choice, calls: 0, isFinished: false };
    this.#candidates.set(choice, state);
    const events = eventsOfCandidate(candidate, state, this.#id ?? '');
    const finish = finishOf(candidate, state);
    if (finish === null || state.isFinished) return events;
    state.isFinished = true;
    return [...events, { kind: 'finish', choice, finish }];
  }

  #failed(error: ProviderError): readonly ChatEvent[] {
    this.#isOver = true;
    return [{ kind: 'error', error }];
  }
}

function blockedError(reason: string, feedback: JsonObject): ProviderError {
  const said = textOf(feedback['blockReasonMessage']);
  return providerError('contentFiltered', said ?? `Gemini did not take the prompt: ${reason}`, { native: reason });
}

export function answer(body: unknown): ChatAnswer | ProviderError {
  const stream = new GeminiStream();
  const gathering = new Gathering({ charactersMax: Number.POSITIVE_INFINITY });
  const events = [...stream.readBody(body), ...stream.end()];
  for (const event of events) gathering.add(event);
  if (gathering.error !== null && gathering.error !== 'too-long') {
    const { error } = gathering;
    return error.kind === 'cut' ? malformed('The answer does not say why it ended') : error;
  }
  const whole = gathering.answer();
  if (whole === null) return malformed('The answer has no candidates that say why they ended');
  const drawn = listOf(objectOf(body)['candidates']).filter(isObject);
  return { ...whole, choices: whole.choices.map((choice, index) => withImages(choice, index, drawn)) };
}

/** Images that the model drew, which no stream has a form for. */
function withImages(choice: Choice, index: number, candidates: readonly JsonObject[]): Choice {
  const own = candidates.filter((candidate) => (numberOf(candidate['index']) ?? 0) === index);
  const images = own
    .flatMap((candidate) => listOf(objectOf(candidate['content'])['parts']))
    .map((part) => objectOf(objectOf(part)['inlineData']))
    .filter((data) => textOf(data['mimeType'])?.startsWith('image/') === true)
    .map((data): Part => {
      const source = {
        kind: 'base64',
        mediaType: textOf(data['mimeType']) ?? '',
        base64: textOf(data['data']) ?? '',
      } as const;
      return { kind: 'image', source, detail: null, cache: null };
    });
  return images.length === 0 ? choice : { ...choice, parts: [...choice.parts, ...images] };
}
