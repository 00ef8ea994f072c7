/** A streamed answer of chat completions, chunk by chunk. Pure. */
import type { ChatEvent } from '../../chat/chat-answer.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, parsedJson, textOf } from '../../json.js';
import { readLogprobs } from '../../openai-words/logprobs.js';
import { readUsage } from '../../openai-words/usage.js';
import type { StreamReader, WireEvent } from '../../provider.js';
import { headOf, isFailure, malformed, readFailure, readFinish } from './answer.js';
import { StreamedCalls } from './calls.js';
import { citationsOf, contentPieces, reasoningOf, sourcesOf } from './content.js';
import { RepeatedChunk } from './repeated-chunk.js';
import type { CompatibleSpec } from './spec.js';

/** As many choices as OpenAI gives at once; a number beyond is no choice but nonsense. */
const CHOICES_MAX = 128;

interface OpenChoice {
  readonly calls: StreamedCalls;
  isFinished: boolean;
}

export class ChunkReader implements StreamReader {
  readonly #spec: CompatibleSpec;
  readonly #choices = new Map<number, OpenChoice>();
  readonly #repeated = new RepeatedChunk();
  #answerId: string | null = null;
  #sources = '';
  /** The stream has failed, or has been told to be at its end: nothing follows. */
  #isOver = false;

  constructor(spec: CompatibleSpec) {
    this.#spec = spec;
  }

  read(event: WireEvent): readonly ChatEvent[] {
    if (this.#isOver || event.data === '') return [];
    const repeated = this.#repeated.eventOf(event);
    if (repeated !== null) return [repeated];
    const events = this.#readEvent(event);
    this.#repeated.learn(event, events);
    return events;
  }

  #readEvent(event: WireEvent): readonly ChatEvent[] {
    if (event.data.trim() === '[DONE]') return this.end();
    const chunk = parsedJson(event.data);
    if (chunk === undefined) return this.#fail(malformed('an event of the stream is not JSON'));
    if (!isObject(chunk)) return this.#fail(malformed('an event of the stream is not an object'));
    const choices = listOf(chunk['choices']);
    if (choices.length === 0 || event.type === 'error' || isFailure(chunk['error'])) {
      const failed = readFailure(chunk, this.#spec);
      if (failed !== null) return this.#fail(failed);
      if (event.type === 'error') return this.#fail(providerError('server', 'the stream reported an error'));
    }
    return this.#readChunk(chunk, choices);
  }

  end(): readonly ChatEvent[] {
    if (this.#isOver) return [];
    const open = [...this.#choices.values()];
    if (open.length > 0 && open.every((choice) => choice.isFinished)) {
      this.#isOver = true;
      return [];
    }
    const what = open.length === 0 ? 'before an answer began' : 'without saying why';
    return this.#fail(providerError('cut', `the stream ended ${what}`));
  }

  #readChunk(chunk: JsonObject, choices: readonly unknown[]): readonly ChatEvent[] {
    const events: ChatEvent[] = [];
    // Azure opens with what it found in the prompt, without an id: the answer begins with the chunk that has a choice.
    if (this.#answerId === null && choices.length > 0) {
      const head = headOf(chunk);
      this.#answerId = head.id;
      events.push({ kind: 'start', ...head });
    }
    // Perplexity repeats its sources in every chunk.
    const sources = sourcesOf(chunk);
    const [first] = choices;
    for (const choice of choices) {
      const failed = this.#readChoice(choice, events, choice === first ? sources : []);
      if (failed !== null) return [...events, ...this.#fail(failed)];
    }
    const usage = readUsage(chunk['usage']) ?? readUsage(nestedUsage(chunk, first));
    if (usage !== null) events.push({ kind: 'usage', usage });
    return events;
  }

  #readChoice(choice: unknown, events: ChatEvent[], sources: readonly JsonObject[]): ProviderError | null {
    if (!isObject(choice)) return malformed('a choice of the stream is not an object');
    if (isFailure(choice['error'])) return readFailure({ error: choice['error'] }, this.#spec);
    const index = numberOf(choice['index']) ?? 0;
    if (!Number.isInteger(index) || index < 0 || index >= CHOICES_MAX) return malformed('a choice has no place');
    const open = this.#choices.get(index) ?? {
      calls: new StreamedCalls(this.#answerId ?? '', index),
      isFinished: false,
    };
    this.#choices.set(index, open);
    if (open.isFinished) return null;
    const delta = choice['delta'];
    if (isObject(delta)) {
      readDelta(delta, index, choice['logprobs'], events);
      this.#cite(sources, index, events);
      const failed = open.calls.read(delta['tool_calls'], events);
      if (failed !== null) return failed;
    }
    const finish = readFinish(choice, open.calls.count > 0, this.#spec);
    if (finish === null) return null;
    if ('kind' in finish) return finish;
    const failed = open.calls.end();
    if (failed !== null) return failed;
    open.isFinished = true;
    events.push({ kind: 'finish', choice: index, finish });
    return null;
  }

  #cite(sources: readonly JsonObject[], choice: number, events: ChatEvent[]): void {
    if (sources.length === 0) return;
    const told = JSON.stringify(sources);
    if (told === this.#sources) return;
    // Those that were told before stand at the head of the list that has grown.
    const before: unknown = this.#sources === '' ? [] : JSON.parse(this.#sources);
    this.#sources = told;
    const known = listOf(before).length;
    for (const citation of sources.slice(known)) events.push({ kind: 'citation', choice, citation });
  }

  #fail(error: ProviderError): readonly ChatEvent[] {
    this.#isOver = true;
    return [{ kind: 'error', error }];
  }
}

function readDelta(delta: JsonObject, choice: number, logprobs: unknown, events: ChatEvent[]): void {
  const pieces = contentPieces(delta['content']);
  const thought = `${reasoningOf(delta)}${pieces.reasoning}`;
  const probabilities = readLogprobs(logprobs);
  const refused = `${textOf(delta['refusal']) ?? ''}${pieces.refusal}`;
  if (thought !== '') events.push({ kind: 'reasoning', choice, text: thought });
  if (pieces.text !== '' || probabilities !== null) {
    events.push({ kind: 'text', choice, text: pieces.text, logprobs: probabilities });
  }
  for (const citation of [...pieces.citations, ...citationsOf(delta)])
    events.push({ kind: 'citation', choice, citation });
  if (refused !== '') events.push({ kind: 'refusal', choice, text: refused });
}

/** Groq: `x_groq.usage` (console.groq.com); Moonshot: `choices[0].usage` (platform.moonshot.ai, "Streaming"). */
function nestedUsage(chunk: JsonObject, first: unknown): unknown {
  const groq = chunk['x_groq'];
  if (isObject(groq)) return groq['usage'];
  return isObject(first) ? first['usage'] : null;
}
