/**
 * One cell of the matrix: a question in a format's words goes to a provider's words, its answer comes back in the format's, and what was
 * asked for has to have arrived on both sides. A cell works, or is refused with a sentence, or the format has no word for it; anything
 * else is lost, which is a bug. Pure.
 */
import type { FinishReason } from '@weir/node/ai/chat/chat-answer.js';
import type { ChatRequest } from '@weir/node/ai/chat/chat-request.js';
import { isMisread } from '@weir/node/ai/format.js';
import type { JsonObject } from '@weir/node/ai/json.js';
import { isProviderError, type Provider } from '@weir/node/ai/provider.js';
import { type Asked, marks, type Way } from './questions.js';
import { COST, type Said, type Shape } from './shape.js';
import { type Reader, readers, type Told } from './told.js';

export type Cell =
  | { readonly kind: 'works' }
  | { readonly kind: 'wordless' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'lost'; readonly why: string };

export interface Column {
  readonly title: string;
  readonly about: string;
  test(place: Place): Cell;
}

export interface Place {
  readonly way: Way;
  readonly provider: Provider;
  readonly shape: Shape;
}

const works: Cell = { kind: 'works' };
const wordless: Cell = { kind: 'wordless' };
const lost = (why: string): Cell => ({ kind: 'lost', why });

const TEXT = 'Grüße aus Ulm 👋';
const THOUGHT = 'Let me see';
const said = (more: Partial<Said> = {}): Said => ({ text: TEXT, reasoning: '', calls: [], end: null, ...more });
const ulm = { id: 'call_1', name: 'weather', input: { city: 'Ulm' } };
const tokyo = { id: 'call_2', name: 'weather', input: { city: '東京' } };

interface Question {
  readonly chat: ChatRequest;
  readonly body: JsonObject;
}

/** The question in the provider's words; or why there is none. */
function questionOf({ way, provider, shape }: Place, asked: Asked, isStream: boolean): Question | Cell {
  const given = way.ask(asked, shape.model, isStream);
  if (given === null) return wordless;
  const chat = way.format.read(given);
  if (isMisread(chat)) return { kind: 'refused', why: chat.message };
  const { body, unsupported } = provider.request(chat, {
    model: shape.model,
    basePath: '/v1',
    settings: shape.settings,
  });
  const [first] = unsupported;
  if (first !== undefined) return { kind: 'refused', why: `\`${way.format.fieldName(first, chat)}\`: ${first.why}.` };
  return { chat, body };
}

/** Whether the question says in the provider's words what it said before. */
function arrived(place: Place, asked: Asked, { body }: Question): Cell {
  const text = JSON.stringify(body);
  const missing = marks[asked].filter((mark) => !text.includes(mark));
  if (missing.length > 0) return lost(`the question lost ${missing.join(', ')}`);
  if (asked === 'nothing') return works;
  const plain = questionOf(place, 'nothing', false);
  return 'body' in plain && JSON.stringify(plain.body) !== text ? works : lost('the question says nothing of it');
}

function readerOf({ way }: Place): Reader {
  const reader = readers[way.format.name];
  if (reader === undefined) throw new Error(`nobody reads ${way.format.name}`);
  return reader;
}

const termsOf = (chat: ChatRequest) => ({ id: 'id-1', model: chat.model, nowS: 1_700_000_000, request: chat });

function toldWhole(place: Place, { chat }: Question, what: Said): Told | string {
  const answer = place.provider.answer(JSON.parse(JSON.stringify(place.shape.whole(what))));
  if (isProviderError(answer)) return answer.message;
  return readerOf(place).whole(JSON.parse(JSON.stringify(place.way.format.answer(answer, termsOf(chat)))));
}

function toldStream(place: Place, { chat }: Question, what: Said): Told | string {
  const reader = place.provider.stream();
  const writer = place.way.format.stream(termsOf(chat));
  const events = [...place.shape.events(what).flatMap((event) => reader.read(event)), ...reader.end()];
  const failed = events.find((event) => event.kind === 'error');
  if (failed?.kind === 'error') return failed.error.message;
  return readerOf(place).stream(events.map((event) => writer.write(event)).join('') + writer.end());
}

/** The question arrives, and each of the answers is told as it was said. */
function asks(asked: Asked, told: 'whole' | 'stream' | 'both', what: Said, isTold: (told: Told) => boolean) {
  return (place: Place): Cell => {
    for (const isStream of told === 'both' ? [false, true] : [told === 'stream']) {
      const question = questionOf(place, asked, isStream);
      if (!('body' in question)) return question;
      const cell = arrived(place, asked, question);
      if (cell.kind !== 'works') return cell;
      const got = isStream ? toldStream(place, question, what) : toldWhole(place, question, what);
      if (typeof got === 'string') return lost(got);
      if (!isTold(got)) return lost(`the client was told ${JSON.stringify(got)}`);
    }
    return works;
  };
}

const saysText = (told: Told): boolean => told.text === TEXT;
const calls =
  (...expected: readonly (typeof ulm | typeof tokyo)[]) =>
  (told: Told): boolean =>
    told.end !== null &&
    !goodEnds.has(told.end) &&
    told.calls.join() === expected.map(({ name, input }) => `${name} ${JSON.stringify(input)}`).join();

/** Words of formats for an answer that ended because all was said. Responses says the same of one that calls. */
const goodEnds: ReadonlySet<string> = new Set(['stop', 'end_turn']);
const isGood = (reason: FinishReason): boolean => reason === 'stop';

/** Every word for an end: none but the good ones is told as a good one, whole or streamed. */
function ends(place: Place): Cell {
  const question = questionOf(place, 'nothing', false);
  if (!('body' in question)) return question;
  for (const [end, reason] of Object.entries(place.shape.ends)) {
    for (const told of [toldWhole(place, question, said({ end })), toldStream(place, question, said({ end }))]) {
      // Some are failures: of these the client hears an error, whatever else.
      if (typeof told === 'string') {
        if (isGood(reason)) return lost(told);
        continue;
      }
      if (told.end === null) return lost(`nothing was told of ${end}`);
      const isToldGood = goodEnds.has(told.end) || told.end === 'completed' || told.end === 'stop_sequence';
      if (isToldGood !== isGood(reason)) return lost(`${end} was told as ${told.end}`);
    }
  }
  return works;
}

/** A request too many is told as that, by its status; and in mid-stream as the format's error event. */
function errors({ way, provider, shape }: Place): Cell {
  const error = provider.error(429, [], JSON.stringify(shape.limited));
  const { status, body } = way.format.error(error);
  if (status !== 429 || !JSON.stringify(body).includes('slow down')) return lost(`${status} ${JSON.stringify(body)}`);
  const given = way.ask('nothing', shape.model, true);
  const chat = given === null ? null : way.format.read(given);
  if (chat === null || isMisread(chat)) return lost('the plainest question can not be read');
  const writer = way.format.stream(termsOf(chat));
  writer.write({ kind: 'text', choice: 0, text: 'Once', logprobs: null });
  const event = writer.fail(error) + writer.end();
  return event.includes('slow down') && !event.includes('[DONE]') && !event.includes('message_stop')
    ? works
    : lost(event);
}

const costs = ({ usage }: Told): boolean => usage?.input === COST.input && usage.output === COST.output;

/** What a model thinks is told where the provider tells it; else it is enough that it may be asked to. */
function thinks(place: Place): Cell {
  const { isSilent } = place.shape;
  const what = said({ reasoning: isSilent ? '' : THOUGHT });
  return asks(
    'reasoning',
    'both',
    what,
    ({ reasoning, text }) => text === TEXT && (isSilent || reasoning === THOUGHT),
  )(place);
}

export const columns: readonly Column[] = [
  { title: 'plain', about: 'a text, whole', test: asks('nothing', 'whole', said(), saysText) },
  { title: 'stream', about: 'a text, streamed', test: asks('nothing', 'stream', said(), saysText) },
  {
    title: 'tools',
    about: 'a tool, a call of it with its result, and another call, whole',
    test: asks('tools', 'whole', said({ calls: [ulm] }), (told) => saysText(told) && calls(ulm)(told)),
  },
  {
    title: 'streamed tools',
    about: 'the same with arguments in pieces',
    test: asks('tools', 'stream', said({ text: '', calls: [ulm] }), calls(ulm)),
  },
  {
    title: 'parallel tools',
    about: 'two calls, whole and streamed',
    test: asks('tools', 'both', said({ text: '', calls: [ulm, tokyo] }), calls(ulm, tokyo)),
  },
  { title: 'vision', about: 'an image in the question', test: asks('image', 'whole', said(), saysText) },
  { title: 'vision by URL', about: 'an image that lies elsewhere', test: asks('imageUrl', 'whole', said(), saysText) },
  { title: 'documents', about: 'a PDF in the question', test: asks('document', 'whole', said(), saysText) },
  {
    title: 'JSON Schema',
    about: 'an answer that keeps to a schema',
    test: asks('schema', 'both', said({ text: '{"verdict":"yes"}' }), ({ text }) => text === '{"verdict":"yes"}'),
  },
  { title: 'error', about: 'a 429, before a stream and in it', test: errors },
  { title: 'ends', about: 'every word of the provider for why it ended', test: ends },
  { title: 'usage', about: 'tokens, whole and streamed', test: asks('nothing', 'both', said(), costs) },
  { title: 'reasoning', about: 'a model that is asked to think, and what it thinks', test: thinks },
];
