/**
 * Content blocks of a Messages request. Source: https://docs.anthropic.com/en/api/messages. Calls of tools that Anthropic runs itself,
 * and what they found, are kept as they came: Anthropic wants them back, and others refuse them by their path. Pure.
 */
import {
  type DocumentPart,
  type ImagePart,
  type MediaSource,
  type Part,
  type TextPart,
  type ToolResultPart,
  textPart,
} from '../../chat/part.js';
import { isObject, type JsonObject } from '../../json.js';
import { cacheControl } from '../cache-control.js';
import { kindOf, type Reading, within } from '../reading.js';

/** Parts with where each of them stood. */
export interface Placed {
  readonly part: Part;
  readonly path: string;
}

const USER_BLOCKS = ['text', 'image', 'document', 'tool_result'] as const;
/** Tools that Anthropic runs itself. */
const NATIVE_BLOCKS = [
  'server_tool_use',
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
  'container_upload',
  'mcp_tool_use',
  'mcp_tool_result',
] as const;
const ASSISTANT_BLOCKS = ['text', 'thinking', 'redacted_thinking', 'tool_use', ...NATIVE_BLOCKS] as const;
const SYSTEM_BLOCKS = ['text'] as const;
const RESULT_BLOCKS = ['text', 'image', 'document'] as const;

export const blocksOf = { user: USER_BLOCKS, assistant: ASSISTANT_BLOCKS, system: SYSTEM_BLOCKS } as const;

/** A text, or a list of blocks. */
export function readContent(
  reading: Reading,
  content: unknown,
  path: string,
  types: readonly string[],
): readonly Placed[] {
  if (typeof content === 'string') return [{ part: textPart(content), path }];
  if (!Array.isArray(content)) {
    reading.wrong(path, `\`${path}\` is ${kindOf(content)}: give a string or a list of content blocks.`);
    return [];
  }
  return reading.objects(content, path).flatMap(({ object, at }) => {
    const part = readBlock(reading, object, at, types);
    return part === null ? [] : [{ part, path: at }];
  });
}

function readBlock(reading: Reading, block: JsonObject, at: string, types: readonly string[]): Part | null {
  const type = reading.oneOf(block, at, 'type', types);
  switch (type) {
    case 'text':
      return readText(reading, block, at);
    case 'image':
      return readImage(reading, block, at);
    case 'document':
      return readDocument(reading, block, at);
    case 'tool_result':
      return readToolResult(reading, block, at);
    case 'tool_use':
      return {
        kind: 'toolCall',
        id: reading.name(block, at, 'id'),
        name: reading.name(block, at, 'name'),
        arguments: argumentsOf(reading, block, at),
      };
    case 'thinking': {
      const signature = reading.text(block, at, 'signature');
      // Reasoning of other providers has none, and was sent with an empty one.
      return {
        kind: 'reasoning',
        text: needed(reading, block, at, 'thinking'),
        signature: signature === '' ? null : signature,
        redacted: null,
      };
    }
    case 'redacted_thinking':
      return { kind: 'reasoning', text: '', signature: null, redacted: reading.name(block, at, 'data') };
    default:
      if (NATIVE_BLOCKS.some((native) => native === type)) return { kind: 'native', family: 'anthropic', raw: block };
      reading.wrong(within(at, 'type'), `\`${at}.type\` is missing: give the kind of the block, such as \`text\`.`);
      return null;
  }
}

function readText(reading: Reading, block: JsonObject, at: string): TextPart {
  const citations = reading.objects(reading.list(block, at, 'citations') ?? [], within(at, 'citations'));
  return {
    kind: 'text',
    text: needed(reading, block, at, 'text'),
    cache: cacheControl(reading, block, at),
    citations: citations.map(({ object }) => object),
  };
}

function readImage(reading: Reading, block: JsonObject, at: string): ImagePart {
  refuse(reading, block, at, ['transformations']);
  const source = sourceOf(reading, block, at);
  const path = within(at, 'source');
  return {
    kind: 'image',
    source: readSource(reading, source, path, ['base64', 'url', 'file']),
    detail: null,
    cache: cacheControl(reading, block, at),
  };
}

function readDocument(reading: Reading, block: JsonObject, at: string): DocumentPart {
  refuse(reading, block, at, ['context']);
  const citations = reading.object(block, at, 'citations');
  if (citations?.['enabled'] === true) refuse(reading, block, at, ['citations']);
  const source = sourceOf(reading, block, at);
  const path = within(at, 'source');
  return {
    kind: 'document',
    source:
      source['type'] === 'text'
        ? { kind: 'text', text: needed(reading, source, path, 'data') }
        : readSource(reading, source, path, ['base64', 'url', 'file', 'text']),
    name: reading.text(block, at, 'title'),
    cache: cacheControl(reading, block, at),
  };
}

function sourceOf(reading: Reading, block: JsonObject, at: string): JsonObject {
  const source = reading.object(block, at, 'source');
  const path = within(at, 'source');
  if (source === null)
    reading.wrong(path, `\`${path}\` is missing: give an object such as \`{"type": "url", "url": "https://…"}\`.`);
  return source ?? {};
}

function readSource(reading: Reading, source: JsonObject, path: string, types: readonly string[]): MediaSource {
  switch (reading.oneOf(source, path, 'type', types)) {
    case 'base64': {
      const mediaType = reading.name(source, path, 'media_type').toLowerCase();
      return { kind: 'base64', mediaType, base64: reading.name(source, path, 'data') };
    }
    case 'url': {
      const url = reading.name(source, path, 'url');
      if (!/^https?:\/\//i.test(url))
        reading.wrong(
          within(path, 'url'),
          `\`${path}.url\` is no address on the web: give one that begins with \`https://\`.`,
        );
      return { kind: 'url', url };
    }
    case 'file':
      return { kind: 'file', id: reading.name(source, path, 'file_id') };
    default:
      reading.wrong(
        within(path, 'type'),
        `\`${path}.type\` is missing: give ${types.map((type) => `\`${type}\``).join(', ')}.`,
      );
      return { kind: 'url', url: '' };
  }
}

function readToolResult(reading: Reading, block: JsonObject, at: string): ToolResultPart {
  const content = block['content'];
  const path = within(at, 'content');
  // A tool that has answered nothing is answered for by nothing.
  const placed = content === undefined || content === null ? [] : readContent(reading, content, path, RESULT_BLOCKS);
  return {
    kind: 'toolResult',
    callId: reading.name(block, at, 'tool_use_id'),
    content: placed
      .map(({ part }) => part)
      .filter((part) => part.kind === 'text' || part.kind === 'image' || part.kind === 'document'),
    isError: reading.flag(block, at, 'is_error') ?? false,
    cache: cacheControl(reading, block, at),
  };
}

/** What the model wrote, as text: an object, or the very text where it was no object (answer.ts). */
function argumentsOf(reading: Reading, block: JsonObject, at: string): string {
  const input = block['input'];
  if (typeof input === 'string') return input;
  const path = within(at, 'input');
  if (!isObject(input))
    reading.wrong(path, `\`${path}\` is ${kindOf(input)}: give the arguments of the call as an object.`);
  return JSON.stringify(input ?? {});
}

function needed(reading: Reading, from: JsonObject, at: string, name: string): string {
  const value = reading.text(from, at, name);
  if (value === null) reading.wrong(within(at, name), `\`${at}.${name}\` is missing: give it as a string.`);
  return value ?? '';
}

function refuse(reading: Reading, block: JsonObject, at: string, names: readonly string[]): void {
  for (const name of names) {
    if (block[name] === undefined || block[name] === null) continue;
    reading.wrong(within(at, name), `\`${at}.${name}\` can't be told to every provider: leave it out.`);
  }
}
