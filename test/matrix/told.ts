/** What a client of each format has been told in the end, read from whole answers and from streams alike. */
import { isObject, type JsonObject, listOf, numberOf, textOf } from '@weir/node/ai/json.js';

export interface Told {
  readonly text: string;
  readonly reasoning: string;
  /** Name and arguments, as JSON. */
  readonly calls: readonly string[];
  readonly end: string | null;
  readonly usage: { readonly input: number; readonly output: number } | null;
}

export interface Reader {
  whole(body: JsonObject): Told;
  stream(text: string): Told;
}

const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : null),
    value,
  );
const text = (value: unknown, ...path: readonly (string | number)[]): string => textOf(at(value, ...path)) ?? '';
const callOf = (name: string, input: unknown): string => `${name} ${JSON.stringify(input)}`;
const parsed = (json: string): unknown => JSON.parse(json === '' ? 'null' : json);

const figures = (usage: unknown, input: string, output: string): Told['usage'] =>
  isObject(usage) ? { input: numberOf(usage[input]) ?? 0, output: numberOf(usage[output]) ?? 0 } : null;

/** The data of the events of a stream; `[DONE]` is none. */
function dataOf(stream: string): readonly unknown[] {
  return stream
    .split('\n\n')
    .flatMap((event) => event.split('\n').filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice('data: '.length))
    .filter((data) => data !== '[DONE]')
    .map((data): unknown => JSON.parse(data));
}

const chat: Reader = {
  whole: (body) => {
    const message = at(body, 'choices', 0, 'message');
    return {
      text: text(message, 'content'),
      reasoning: text(message, 'reasoning_content'),
      calls: listOf(at(message, 'tool_calls')).map((call) =>
        callOf(text(call, 'function', 'name'), parsed(text(call, 'function', 'arguments'))),
      ),
      end: textOf(at(body, 'choices', 0, 'finish_reason')),
      usage: figures(body['usage'], 'prompt_tokens', 'completion_tokens'),
    };
  },
  stream: (stream) => {
    const chunks = dataOf(stream);
    const deltas = chunks.map((chunk) => at(chunk, 'choices', 0, 'delta'));
    const calls: { name: string; input: string }[] = [];
    for (const piece of deltas.flatMap((delta) => listOf(at(delta, 'tool_calls')))) {
      const index = numberOf(at(piece, 'index')) ?? 0;
      const call = calls[index] ?? { name: '', input: '' };
      calls[index] = call;
      call.name += text(piece, 'function', 'name');
      call.input += text(piece, 'function', 'arguments');
    }
    return {
      text: deltas.map((delta) => text(delta, 'content')).join(''),
      reasoning: deltas.map((delta) => text(delta, 'reasoning_content')).join(''),
      calls: calls.map(({ name, input }) => callOf(name, parsed(input))),
      end: chunks.map((chunk) => textOf(at(chunk, 'choices', 0, 'finish_reason'))).find((end) => end !== null) ?? null,
      usage: figures(
        chunks.map((chunk) => at(chunk, 'usage')).findLast(isObject),
        'prompt_tokens',
        'completion_tokens',
      ),
    };
  },
};

const completions: Reader = {
  whole: (body) => ({
    ...{ text: text(body, 'choices', 0, 'text'), reasoning: '', calls: [] },
    end: textOf(at(body, 'choices', 0, 'finish_reason')),
    usage: figures(body['usage'], 'prompt_tokens', 'completion_tokens'),
  }),
  stream: (stream) => {
    const chunks = dataOf(stream);
    return {
      ...{ text: chunks.map((chunk) => text(chunk, 'choices', 0, 'text')).join(''), reasoning: '', calls: [] },
      end: chunks.map((chunk) => textOf(at(chunk, 'choices', 0, 'finish_reason'))).find((end) => end !== null) ?? null,
      usage: figures(
        chunks.map((chunk) => at(chunk, 'usage')).findLast(isObject),
        'prompt_tokens',
        'completion_tokens',
      ),
    };
  },
};

const ofType = (items: unknown, type: string): readonly unknown[] =>
  listOf(items).filter((item) => at(item, 'type') === type);

function ofResponse(body: unknown): Told {
  const output = at(body, 'output');
  const parts = ofType(output, 'message').flatMap((item) => ofType(at(item, 'content'), 'output_text'));
  const thoughts = ofType(output, 'reasoning').flatMap((item) => [
    ...listOf(at(item, 'summary')),
    ...listOf(at(item, 'content')),
  ]);
  return {
    text: parts.map((part) => text(part, 'text')).join(''),
    reasoning: thoughts.map((part) => text(part, 'text')).join(''),
    calls: ofType(output, 'function_call').map((item) => callOf(text(item, 'name'), parsed(text(item, 'arguments')))),
    end: textOf(at(body, 'incomplete_details', 'reason')) ?? textOf(at(body, 'status')),
    usage: figures(at(body, 'usage'), 'input_tokens', 'output_tokens'),
  };
}

const responses: Reader = {
  whole: ofResponse,
  stream: (stream) => {
    const events = dataOf(stream);
    const joined = (type: string) =>
      events
        .filter((event) => at(event, 'type') === type)
        .map((event) => text(event, 'delta'))
        .join('');
    const last = ofResponse(at(events.at(-1), 'response'));
    // What was told piece by piece, where the whole is told besides: both have to say the same.
    return {
      ...last,
      text: last.text === joined('response.output_text.delta') ? last.text : 'pieces that do not add up',
    };
  },
};

function ofMessage(content: readonly unknown[], end: unknown, usage: unknown): Told {
  return {
    text: ofType(content, 'text')
      .map((block) => text(block, 'text'))
      .join(''),
    reasoning: ofType(content, 'thinking')
      .map((block) => text(block, 'thinking'))
      .join(''),
    calls: ofType(content, 'tool_use').map((block) => callOf(text(block, 'name'), at(block, 'input'))),
    end: textOf(end),
    usage: figures(usage, 'input_tokens', 'output_tokens'),
  };
}

const messages: Reader = {
  whole: (body) => ofMessage(listOf(body['content']), body['stop_reason'], body['usage']),
  stream: (stream) => {
    const blocks: Record<string, unknown>[] = [];
    let end: unknown = null;
    let usage: JsonObject = {};
    for (const event of dataOf(stream)) {
      const block = blocks.at(-1);
      const delta = at(event, 'delta');
      const said = at(event, 'usage') ?? at(event, 'message', 'usage');
      if (isObject(said)) usage = { ...usage, ...said };
      if (at(event, 'type') === 'content_block_start') {
        const begun = at(event, 'content_block');
        blocks.push({ ...(isObject(begun) ? begun : {}), json: '' });
      } else if (at(event, 'type') === 'message_delta') end = at(delta, 'stop_reason');
      if (block === undefined) continue;
      for (const member of ['text', 'thinking'])
        if (typeof at(delta, member) === 'string') block[member] = `${block[member]}${text(delta, member)}`;
      block['json'] = `${block['json']}${text(delta, 'partial_json')}`;
    }
    const content = blocks.map((block) =>
      block['type'] === 'tool_use' ? { ...block, input: parsed(`${block['json']}`) } : block,
    );
    return ofMessage(content, end, usage);
  },
};

export const readers: Readonly<Record<string, Reader>> = {
  'openai-chat': chat,
  'openai-responses': responses,
  'openai-completions': completions,
  'anthropic-messages': messages,
};
