/**
 * Messages and their parts in Anthropic's words. What comes before the conversation is `system`; messages with the same role in
 * a row are one message; results of tools are the user's, and stand first. Pure. Source: "Messages" in the API reference, and
 * the types of the official SDK.
 */
import type {
  CacheMark,
  DocumentPart,
  ImagePart,
  Message,
  Part,
  ToolCallPart,
  ToolResultPart,
} from '../../chat/part.js';
import type { JsonObject } from '../../json.js';
import type { Gaps } from '../gaps.js';
import { isAnthropicReasoning } from '../signatures.js';
import { argumentsOf, textOfBase64 } from '../untrusted.js';
import { takesLaterInstructions } from './models.js';

export interface Conversation {
  readonly system: readonly JsonObject[];
  readonly messages: readonly JsonObject[];
}

export function conversationOf(messages: readonly Message[], model: string, gaps: Gaps): Conversation {
  const system: JsonObject[] = [];
  const told: { role: string; content: JsonObject[] }[] = [];
  for (const [index, message] of messages.entries()) {
    const at = `[${index}]`;
    const blocks = message.parts
      .map((part, place) => blockOf(part, `${at}.parts[${place}]`, gaps))
      .filter((block) => block !== null);
    if (message.name !== null) gaps.add('messages', `${at}.name`, 'knows no names of participants');
    const last = told.at(-1);
    const follows = takesLaterInstructions(model) && (last?.role === 'user' || last?.role === 'system');
    if (message.role === 'system' && !follows) {
      if (last !== undefined) gaps.add('messages', at, 'does not take instructions there, but before the conversation');
      system.push(...blocks);
      continue;
    }
    if (blocks.length === 0) continue;
    const role = message.role === 'tool' ? 'user' : message.role;
    if (last?.role === role) last.content.push(...blocks);
    else told.push({ role, content: blocks });
  }
  return { system, messages: told.map((message) => ({ ...message, content: resultsFirst(message.content) })) };
}

/** The results of calls have to stand before anything else in the message behind the calls. */
function resultsFirst(blocks: readonly JsonObject[]): readonly JsonObject[] {
  const isResult = (block: JsonObject): boolean => block['type'] === 'tool_result';
  return [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))];
}

export function cacheControl(mark: CacheMark | null): JsonObject {
  if (mark === null) return {};
  return { cache_control: mark.ttl === null ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: mark.ttl } };
}

/** Null: it says nothing here, which is no loss; what would be one is told to `gaps`. */
function blockOf(part: Part, at: string, gaps: Gaps): JsonObject | null {
  switch (part.kind) {
    case 'text':
      // Texts of white space alone are refused.
      return part.text.trim() === '' ? null : { type: 'text', text: part.text, ...cacheControl(part.cache) };
    case 'refusal':
      return part.text.trim() === '' ? null : { type: 'text', text: part.text };
    case 'image':
      return imageBlock(part, at, gaps);
    case 'document':
      return documentBlock(part, at, gaps);
    case 'audio':
      gaps.add('messages', at, 'takes no audio');
      return null;
    case 'toolCall':
      return callBlock(part, at, gaps);
    case 'toolResult':
      return resultBlock(part, at, gaps);
    case 'native':
      return part.raw;
    case 'reasoning':
      if (!isAnthropicReasoning(part)) return null;
      return part.redacted === null
        ? { type: 'thinking', thinking: part.text, signature: part.signature }
        : { type: 'redacted_thinking', data: part.redacted };
  }
}

const IMAGES: readonly string[] = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

function imageBlock({ source, detail, cache }: ImagePart, at: string, gaps: Gaps): JsonObject | null {
  if (detail === 'low') gaps.add('messages', `${at}.detail`, 'looks at images in one way only');
  if (source.kind === 'base64' && !IMAGES.includes(source.mediaType)) {
    gaps.add('messages', at, `takes images as ${IMAGES.join(', ')}, not as ${source.mediaType}`);
    return null;
  }
  return { type: 'image', source: mediaSource(source), ...cacheControl(cache) };
}

function mediaSource(source: ImagePart['source']): JsonObject {
  switch (source.kind) {
    case 'url':
      return { type: 'url', url: source.url };
    case 'file':
      return { type: 'file', file_id: source.id };
    case 'base64':
      return { type: 'base64', media_type: source.mediaType, data: source.base64 };
  }
}

function documentBlock(part: DocumentPart, at: string, gaps: Gaps): JsonObject | null {
  const source = documentSource(part);
  if (source === null) {
    gaps.add('messages', at, 'takes documents as PDF or as text in UTF-8');
    return null;
  }
  const title = part.name === null ? {} : { title: part.name };
  return { type: 'document', source, ...title, ...cacheControl(part.cache) };
}

function documentSource({ source }: DocumentPart): JsonObject | null {
  if (source.kind === 'text') return { type: 'text', media_type: 'text/plain', data: source.text };
  if (source.kind !== 'base64' || source.mediaType === 'application/pdf') return mediaSource(source);
  if (!source.mediaType.startsWith('text/')) return null;
  const text = textOfBase64(source.base64);
  return text === null ? null : { type: 'text', media_type: 'text/plain', data: text };
}

/** Ids of calls that another provider made may have characters that are refused here; a call and its result change alike. */
const idOf = (id: string): string => id.replaceAll(/[^a-zA-Z0-9_-]/g, '_');

function callBlock({ id, name, arguments: text }: ToolCallPart, at: string, gaps: Gaps): JsonObject {
  const input = argumentsOf(text);
  if (input === null) gaps.add('messages', `${at}.arguments`, 'takes the arguments of a call as a JSON object only');
  return { type: 'tool_use', id: idOf(id), name, input: input ?? {} };
}

function resultBlock(part: ToolResultPart, at: string, gaps: Gaps): JsonObject {
  const content = part.content
    .map((inner, place) => blockOf(inner, `${at}.content[${place}]`, gaps))
    .filter((block) => block !== null);
  const error = part.isError ? { is_error: true } : {};
  const said = content.length === 0 ? {} : { content };
  return { type: 'tool_result', tool_use_id: idOf(part.callId), ...said, ...error, ...cacheControl(part.cache) };
}
