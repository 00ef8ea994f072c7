/**
 * The input items of a Responses request, and its instructions, as messages. What the model said in one turn comes as several
 * items in a row (reasoning, a message, calls) and is one message here; each part knows its own item. Source:
 * https://platform.openai.com/docs/api-reference/responses/create. Pure.
 */
import { type Message, type Part, type Role, textPart } from '../../chat/part.js';
import type { JsonObject } from '../../json.js';
import { cacheMark, imageDetail, mediaSource } from '../openai-words/media.js';
import { choice, kindOf, type Reading, within } from '../reading.js';
import { reasoningOf } from './reasoning.js';

interface Placed {
  readonly part: Part;
  readonly path: string;
}

export function readInput(reading: Reading, body: JsonObject): readonly Message[] {
  const instructions = reading.text(body, '', 'instructions');
  const system =
    instructions === null
      ? []
      : [message('system', [{ part: textPart(instructions), path: 'instructions' }], 'instructions')];
  const input = body['input'];
  if (typeof input === 'string')
    return [...system, message('user', [{ part: textPart(input), path: 'input' }], 'input')];
  if (!Array.isArray(input) || input.length === 0) {
    reading.wrong('input', `\`input\` is ${kindOf(input)}: give a string or a list of at least one item.`);
    return system;
  }
  const messages = reading.objects(input, 'input').flatMap(({ object, at }) => readItem(reading, object, at));
  return [...system, ...turns(messages)];
}

function message(role: Role, placed: readonly Placed[], at: string): Message {
  const paths = { message: at, parts: placed.map(({ path }) => path) };
  return { role, parts: placed.map(({ part }) => part), name: null, paths };
}

/** Neighbours that are the model's are one message. */
function turns(messages: readonly Message[]): readonly Message[] {
  const joined: Message[] = [];
  for (const next of messages) {
    const last = joined.at(-1);
    if (last === undefined || last.role !== 'assistant' || next.role !== 'assistant') {
      joined.push(next);
      continue;
    }
    const paths = {
      message: last.paths?.message ?? '',
      parts: [...(last.paths?.parts ?? []), ...(next.paths?.parts ?? [])],
    };
    joined[joined.length - 1] = { ...last, parts: [...last.parts, ...next.parts], paths };
  }
  return joined;
}

const ITEMS = ['message', 'function_call', 'function_call_output', 'reasoning'] as const;

function readItem(reading: Reading, item: JsonObject, at: string): readonly Message[] {
  const type =
    item['type'] === undefined && item['role'] !== undefined ? 'message' : reading.oneOf(item, at, 'type', ITEMS);
  switch (type) {
    case 'message':
      return readMessage(reading, item, at);
    case 'function_call': {
      const { id, name } = { id: reading.name(item, at, 'call_id'), name: reading.name(item, at, 'name') };
      const part = { kind: 'toolCall', id, name, arguments: needed(reading, item, at, 'arguments') } as const;
      return [message('assistant', [{ part, path: at }], at)];
    }
    case 'function_call_output':
      return [message('tool', [{ part: readOutput(reading, item, at), path: at }], at)];
    case 'reasoning': {
      const parts = reasoningOf(reading, item, at).map((part) => ({ part, path: at }));
      return [message('assistant', parts, at)];
    }
    default:
      reading.wrong(within(at, 'type'), `\`${at}.type\` is missing: give ${choice(ITEMS)}, or a \`role\`.`);
      return [];
  }
}

const ROLES = ['user', 'assistant', 'system', 'developer'] as const;
const PARTS = {
  user: ['input_text', 'input_image', 'input_file', 'input_audio'],
  assistant: ['output_text', 'refusal', 'input_text'],
  system: ['input_text'],
  output: ['input_text', 'input_image', 'input_file'],
} as const;

function readMessage(reading: Reading, item: JsonObject, at: string): readonly Message[] {
  const role = reading.oneOf(item, at, 'role', ROLES);
  if (role === null) {
    reading.wrong(`${at}.role`, `\`${at}.role\` is missing: give ${choice(ROLES)}.`);
    return [];
  }
  const said = role === 'developer' ? 'system' : role;
  return [message(said, readContent(reading, item['content'], `${at}.content`, PARTS[said]), at)];
}

function readContent(reading: Reading, content: unknown, path: string, types: readonly string[]): readonly Placed[] {
  if (typeof content === 'string') return [{ part: textPart(content), path }];
  if (!Array.isArray(content)) {
    reading.wrong(path, `\`${path}\` is ${kindOf(content)}: give a string or a list of parts.`);
    return [];
  }
  return reading.objects(content, path).flatMap(({ object, at }) => {
    const part = readPart(reading, object, at, types);
    return part === null ? [] : [{ part, path: at }];
  });
}

function readPart(reading: Reading, part: JsonObject, at: string, types: readonly string[]): Part | null {
  switch (reading.oneOf(part, at, 'type', types)) {
    case 'input_text':
      return { ...textPart(needed(reading, part, at, 'text')), cache: cacheMark(reading, part, at) };
    case 'output_text': {
      const citations = reading.objects(reading.list(part, at, 'annotations') ?? [], within(at, 'annotations'));
      return { ...textPart(needed(reading, part, at, 'text')), citations: citations.map(({ object }) => object) };
    }
    case 'refusal':
      return { kind: 'refusal', text: needed(reading, part, at, 'refusal') };
    case 'input_image':
      return readImage(reading, part, at);
    case 'input_file':
      return readFile(reading, part, at);
    case 'input_audio': {
      const audio = reading.object(part, at, 'input_audio') ?? {};
      const path = within(at, 'input_audio');
      return { kind: 'audio', format: reading.name(audio, path, 'format'), base64: reading.name(audio, path, 'data') };
    }
    default:
      reading.wrong(within(at, 'type'), `\`${at}.type\` is missing: give ${choice(types)}.`);
      return null;
  }
}

function readImage(reading: Reading, part: JsonObject, at: string): Part {
  const rest = { kind: 'image', detail: imageDetail(reading, part, at), cache: cacheMark(reading, part, at) } as const;
  const id = reading.text(part, at, 'file_id');
  if (id !== null) return { ...rest, source: { kind: 'file', id } };
  const url = reading.text(part, at, 'image_url');
  const path = within(at, 'image_url');
  if (url === null) reading.wrong(path, `\`${path}\` is missing: give the address of the image, or its \`file_id\`.`);
  return { ...rest, source: mediaSource(reading, url ?? '', path) };
}

function readFile(reading: Reading, part: JsonObject, at: string): Part {
  const name = reading.text(part, at, 'filename');
  const rest = { kind: 'document', name, cache: cacheMark(reading, part, at) } as const;
  const id = reading.text(part, at, 'file_id');
  if (id !== null) return { ...rest, source: { kind: 'file', id } };
  const url = reading.text(part, at, 'file_url');
  if (url !== null) return { ...rest, source: mediaSource(reading, url, within(at, 'file_url')) };
  const content = reading.text(part, at, 'file_data');
  const path = within(at, 'file_data');
  if (content === null)
    reading.wrong(path, `\`${path}\` is missing: give the file as such, or as \`file_url\` or \`file_id\`.`);
  return { ...rest, source: mediaSource(reading, content ?? '', path) };
}

function readOutput(reading: Reading, item: JsonObject, at: string): Part {
  const placed = readContent(reading, item['output'], `${at}.output`, PARTS.output);
  return {
    kind: 'toolResult',
    callId: reading.name(item, at, 'call_id'),
    content: placed
      .map(({ part }) => part)
      .filter((part) => part.kind === 'text' || part.kind === 'image' || part.kind === 'document'),
    isError: false,
    cache: null,
  };
}

function needed(reading: Reading, from: JsonObject, at: string, name: string): string {
  const value = reading.text(from, at, name);
  if (value === null) reading.wrong(within(at, name), `\`${at}.${name}\` is missing: give it as a string.`);
  return value ?? '';
}
