/**
 * What the benchmark of models says, in OpenAI's words: one question, and an answer whose pace stands in the name of the model. Each
 * token of a stream is the moment at which it was sent, on a clock that all processes of a machine share, so that whoever reads
 * it knows how long it took. Pure.
 */

/** So many tokens, one every so often; 0 ms: an answer is whole at once. */
export interface Pace {
  readonly tokens: number;
  readonly everyMs: number;
}

/** Not streamed, a text of a hundred tokens. */
export const CHAT: Pace = { tokens: 100, everyMs: 0 };
export const STREAM: Pace = { tokens: 100, everyMs: 20 };
/** For warming up: twenty begin in the time of one of the others, and what is done once for a stream is done as often. */
export const BRIEF: Pace = { tokens: 5, everyMs: 20 };
/** Slow, since two thousand at the pace of the others are more than a core can carry for anybody. */
export const HELD: Pace = { tokens: 8, everyMs: 1_000 };

export const modelOf = ({ tokens, everyMs }: Pace): string => `mock-${tokens}x${everyMs}`;
export const models: readonly string[] = [CHAT, STREAM, BRIEF, HELD].map(modelOf);

export function paceOf(model: string): Pace | null {
  const found = /^mock-(\d+)x(\d+)$/.exec(model);
  return found === null ? null : { tokens: Number(found[1]), everyMs: Number(found[2]) };
}

export const PATH = '/v1/chat/completions';

export function question(model: string, isStream: boolean): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: `You answer in one paragraph. ${'Be kind and exact. '.repeat(10)}` },
      { role: 'user', content: `What does a gateway do? ${'Say it as you would to a friend. '.repeat(8)}` },
    ],
    temperature: 0.5,
    ...(isStream ? { stream: true } : {}),
  });
}

/** Carried by every request to everybody, so that all parse the same head. The last two are Portkey's way to be told whom to ask. */
export const headersFor = (mockPort: number): Readonly<Record<string, string>> => ({
  'Content-Type': 'application/json',
  Authorization: 'Bearer sk-bench',
  'x-portkey-provider': 'openai',
  'x-portkey-custom-host': `http://127.0.0.1:${mockPort}/v1`,
});

const TEXT = 'the quick brown fox '.repeat(25);
const usage = { prompt_tokens: 120, completion_tokens: 100, total_tokens: 220 };
const head = { id: 'chatcmpl-mock', created: 1_700_000_000, model: 'mock' };

export const WHOLE_ANSWER = JSON.stringify({
  ...head,
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: TEXT, refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
  usage,
});

const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })}\n\n`;

const [BEFORE = '', BEHIND = ''] = chunk({ content: '@' }, null).split('@');
const ROLE = chunk({ role: 'assistant', content: '' }, null);
const STOP = chunk({}, 'stop');
const USAGE = `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`;

/** The role comes with the first content, which says besides when the request had come. */
export const firstToken = (cameAtUs: number, nowUs: number): string => `${ROLE}${BEFORE}a${cameAtUs}t${nowUs}${BEHIND}`;
export const token = (nowUs: number): string => `${BEFORE}t${nowUs}${BEHIND}`;
export const ending = (wantsUsage: boolean): string => `${STOP}${wantsUsage ? USAGE : ''}data: [DONE]\n\n`;
