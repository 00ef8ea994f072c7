/**
 * The messages of a chat completions request. Each stays one message, in its place, so that paths are the caller's own.
 * Source: https://platform.openai.com/docs/api-reference/chat/create; `reasoning_content` as DeepSeek, vLLM and others have
 * it, `reasoning_details` as OpenRouter has it. Pure.
 */
import { type Message, type MessagePaths, type Part, type Role, type TextPart, textPart } from '../../chat/part.js';
import type { JsonObject } from '../../json.js';
import { cacheMark, imageDetail, mediaSource } from '../openai-words/media.js';
import { kindOf, type Reading, within } from '../reading.js';
import { reasoningParts } from './reasoning.js';

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

export function readMessages(reading: Reading, body: JsonObject): readonly Message[] {
  const messages = reading.list(body, '', 'messages');
  if (messages === null || messages.length === 0) {
    reading.wrong(
      'messages',
      '`messages` is missing: give a list of at least one message, such as `{"role": "user", "content": "…"}`.',
    );
  }
  const read: Message[] = [];
  for (const { object, at } of reading.objects(messages ?? [], 'messages')) {
    const message = readMessage(reading, object, at);
    if (message !== null) read.push(message);
  }
  return read;
}

/** Parts with where each of them stood. */
interface Placed {
  readonly part: Part;
  readonly path: string;
}

function readMessage(reading: Reading, message: JsonObject, at: string): Message | null {
  if (message['role'] === 'function') {
    reading.wrong(
      `${at}.role`,
      `\`${at}.role\` is the old \`function\`: give the result as \`{"role": "tool", "tool_call_id": "…"}\`.`,
    );
    return null;
  }
  const role = reading.oneOf(message, at, 'role', ROLES);
  if (role === null) {
    reading.wrong(
      `${at}.role`,
      `\`${at}.role\` is missing: give \`user\`, \`assistant\`, \`system\`, \`developer\` or \`tool\`.`,
    );
    return null;
  }
  const name = reading.text(message, at, 'name');
  if (role === 'tool') return whole('tool', toolResult(reading, message, at), at, name);
  if (role === 'assistant') return whole('assistant', assistantParts(reading, message, at), at, name);
  const parts = contentParts(reading, message, at, role === 'user' ? 'user' : 'system');
  if (parts === null) reading.wrong(`${at}.content`, `\`${at}.content\` is missing: give a string or a list of parts.`);
  return whole(role === 'developer' ? 'system' : role, parts ?? [], at, name);
}

function whole(role: Role, placed: readonly Placed[], at: string, name: string | null): Message {
  const paths: MessagePaths = { message: at, parts: placed.map(({ path }) => path) };
  return { role, parts: placed.map(({ part }) => part), name, paths };
}

/** Null: there is no content. */
function contentParts(
  reading: Reading,
  message: JsonObject,
  at: string,
  role: keyof typeof PARTS_BY_ROLE,
): readonly Placed[] | null {
  const content = message['content'];
  const path = `${at}.content`;
  if (content === undefined || content === null) return null;
  if (typeof content === 'string') return [{ part: textPart(content), path }];
  if (!Array.isArray(content)) {
    reading.wrong(path, `\`${path}\` is ${kindOf(content)}: give a string or a list of parts.`);
    return [];
  }
  return reading.objects(content, path).flatMap(({ object, at: partAt }) => {
    const part = readPart(reading, object, partAt, role);
    return part === null ? [] : [{ part, path: partAt }];
  });
}

const PARTS_BY_ROLE = {
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
  system: ['text'],
  // OpenAI's own models read texts here; others see images as well, and who can't says so.
  tool: ['text', 'image_url', 'file'],
} as const;

function readPart(reading: Reading, part: JsonObject, at: string, role: keyof typeof PARTS_BY_ROLE): Part | null {
  const type = reading.oneOf<string>(part, at, 'type', PARTS_BY_ROLE[role]);
  switch (type) {
    case 'text':
      return { ...textPart(required(reading, part, at, 'text')), cache: cacheMark(reading, part, at) };
    case 'refusal':
      return { kind: 'refusal', text: required(reading, part, at, 'refusal') };
    case 'image_url': {
      const image = inner(reading, part, at, 'image_url');
      const path = `${at}.image_url`;
      const source = mediaSource(reading, reading.name(image, path, 'url'), `${path}.url`);
      return { kind: 'image', source, detail: imageDetail(reading, image, path), cache: cacheMark(reading, part, at) };
    }
    case 'input_audio': {
      const audio = inner(reading, part, at, 'input_audio');
      const path = `${at}.input_audio`;
      return { kind: 'audio', format: reading.name(audio, path, 'format'), base64: reading.name(audio, path, 'data') };
    }
    case 'file':
      return filePart(reading, part, at);
    default:
      reading.wrong(`${at}.type`, `\`${at}.type\` is missing: give the kind of this part, such as \`text\`.`);
      return null;
  }
}

function filePart(reading: Reading, part: JsonObject, at: string): Part {
  const file = inner(reading, part, at, 'file');
  const path = `${at}.file`;
  const rest = {
    kind: 'document',
    name: reading.text(file, path, 'filename'),
    cache: cacheMark(reading, part, at),
  } as const;
  const id = reading.text(file, path, 'file_id');
  if (id !== null) return { ...rest, source: { kind: 'file', id } };
  const content = reading.text(file, path, 'file_data');
  if (content === null)
    reading.wrong(path, `\`${path}\` holds no file: give its \`file_id\`, or its content as \`file_data\`.`);
  return { ...rest, source: mediaSource(reading, content ?? '', `${path}.file_data`) };
}

function toolResult(reading: Reading, message: JsonObject, at: string): readonly Placed[] {
  const callId = reading.name(message, at, 'tool_call_id');
  const placed = contentParts(reading, message, at, 'tool');
  if (placed === null)
    reading.wrong(
      `${at}.content`,
      `\`${at}.content\` is missing: give what the tool answered, if only as an empty string.`,
    );
  const content = (placed ?? [])
    .map(({ part }) => part)
    .filter((part) => part.kind === 'text' || part.kind === 'image' || part.kind === 'document');
  // The mark of the last part is the mark of the result, for the result ends there.
  const cache = cacheMark(reading, message, at);
  return [{ part: { kind: 'toolResult', callId, content, isError: false, cache }, path: at }];
}

function assistantParts(reading: Reading, message: JsonObject, at: string): readonly Placed[] {
  const calls = toolCalls(reading, message, at);
  const refusal = reading.text(message, at, 'refusal');
  const said = (contentParts(reading, message, at, 'assistant') ?? []).filter(
    ({ part }) => !isEmptyText(part) || calls.length === 0,
  );
  const reasoning = reasoningParts(reading, message, at).map((part) => ({ part, path: at }));
  if (message['function_call'] !== undefined && message['function_call'] !== null) {
    reading.wrong(
      `${at}.function_call`,
      `\`${at}.function_call\` is deprecated: give it as a member of \`tool_calls\`.`,
    );
  }
  if (message['audio'] !== undefined && message['audio'] !== null) {
    reading.wrong(
      `${at}.audio`,
      `\`${at}.audio\` names an answer that only its provider keeps: give what was said as \`content\`.`,
    );
  }
  const refused: readonly Placed[] =
    refusal === null ? [] : [{ part: { kind: 'refusal', text: refusal }, path: `${at}.refusal` }];
  const placed = [...reasoning, ...said, ...refused, ...calls];
  if (placed.length === 0) reading.wrong(`${at}.content`, `\`${at}.content\` is missing: give it, or \`tool_calls\`.`);
  return placed;
}

function isEmptyText(part: Part): part is TextPart {
  return part.kind === 'text' && part.text === '';
}

function toolCalls(reading: Reading, message: JsonObject, at: string): readonly Placed[] {
  const path = `${at}.tool_calls`;
  return reading.objects(reading.list(message, at, 'tool_calls') ?? [], path).map(({ object: call, at: callAt }) => {
    if (call['type'] !== undefined && call['type'] !== 'function') {
      const cure = 'only calls of the type `function` can be told to every provider';
      reading.wrong(`${callAt}.type`, `\`${callAt}.type\` is ${kindOf(call['type'])}: ${cure}.`);
    }
    const called = inner(reading, call, callAt, 'function');
    const id = reading.name(call, callAt, 'id');
    const name = reading.name(called, `${callAt}.function`, 'name');
    const args = required(reading, called, `${callAt}.function`, 'arguments');
    return { part: { kind: 'toolCall', id, name, arguments: args }, path: callAt };
  });
}

/** A text that has to be there and may be empty. */
function required(reading: Reading, from: JsonObject, at: string, name: string): string {
  const value = reading.text(from, at, name);
  const path = within(at, name);
  if (value === null) reading.wrong(path, `\`${path}\` is missing: give it as a string.`);
  return value ?? '';
}

function inner(reading: Reading, from: JsonObject, at: string, name: string): JsonObject {
  const value = reading.object(from, at, name);
  const path = within(at, name);
  if (value === null) reading.wrong(path, `\`${path}\` is missing: give it as an object.`);
  return value ?? {};
}
