/** Messages of a chat, as chat completions carry them. Pure. */
import type { ChatRequest, Unsupported } from '../../chat/chat-request.js';
import type { CacheMark, DocumentPart, Message, Part, ToolCallPart, ToolResultPart } from '../../chat/part.js';
import type { JsonObject } from '../../json.js';
import { dataUrl, writeContentPart } from '../../openai-words/content.js';
import { writeToolCall } from '../../openai-words/tools.js';
import type { CompatibleSpec } from './spec.js';

/** `systemRole`: `developer` for the models that want it. */
export function writeMessages(
  messages: ChatRequest['messages'],
  spec: CompatibleSpec,
  systemRole: 'system' | 'developer',
  unsupported: Unsupported[],
): readonly JsonObject[] {
  const written: JsonObject[] = [];
  for (const [index, message] of messages.entries()) {
    const cannot = (at: string, why: string): void => {
      unsupported.push({ field: 'messages', at: `[${index}]${at}`, why });
    };
    for (const one of writeMessage(message, spec, systemRole, cannot)) written.push(one);
  }
  return written;
}

type Cannot = (at: string, why: string) => void;

function writeMessage(message: Message, spec: CompatibleSpec, systemRole: string, cannot: Cannot): JsonObject[] {
  if (message.role === 'tool') return writeResults(message, spec, cannot);
  const name = nameOf(message, spec, cannot);
  if (message.role === 'assistant') {
    const said = writeAssistant(message, spec, cannot);
    return [name === null ? said : { ...said, name }];
  }
  const role = message.role === 'system' ? systemRole : 'user';
  const content = writeContent(message.parts, spec, cannot);
  return [name === null ? { role, content } : { role, content, name }];
}

function nameOf({ name }: Message, spec: CompatibleSpec, cannot: Cannot): string | null {
  if (name === null || !spec.refuses?.includes('messages.name')) return name;
  cannot('.name', `${spec.title} does not tell participants apart by name`);
  return null;
}

/**
 * Reasoning goes back only to those who say in which field: the others refuse it or forget it with the turn that it was made
 * in, so that nothing is lost by leaving it out.
 */
function writeAssistant(message: Message, spec: CompatibleSpec, cannot: Cannot): JsonObject {
  const calls = message.parts.filter((part): part is ToolCallPart => part.kind === 'toolCall');
  const said = message.parts.map((part) => (part.kind === 'toolCall' || part.kind === 'reasoning' ? null : part));
  const reasoning = message.parts.map((part) => (part.kind === 'reasoning' ? part.text : '')).join('');
  const back = spec.reasoning?.back;
  return {
    role: 'assistant',
    ...(message.isUnfinished && spec.prefix && spec.prefix.by !== 'continue_final_message'
      ? { [spec.prefix.by]: true }
      : {}),
    content: said.every((part) => part === null) ? null : writeContent(said, spec, cannot),
    ...(back === undefined || reasoning === '' ? {} : { [back]: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeToolCall) }),
  };
}

/** Each result is a message of its own. An error has no flag there: that it is one is said in its text. */
function writeResults(message: Message, spec: CompatibleSpec, cannot: Cannot): JsonObject[] {
  return message.parts.map((part, index) => {
    if (part.kind !== 'toolResult') {
      cannot(`.parts[${index}]`, `${spec.title} takes results of calls in a message of tools, and nothing else`);
      return { role: 'tool', content: '' };
    }
    for (const [at, { kind }] of part.content.entries()) {
      if (kind !== 'text')
        cannot(`.parts[${index}].content[${at}]`, `${spec.title} takes results of tools as text and nothing else`);
    }
    const texts = part.content.filter((each) => each.kind === 'text');
    const content = writeContent(texts, spec, cannot);
    return { role: 'tool', tool_call_id: part.callId, content: part.isError ? asError(part, content) : content };
  });
}

function asError(part: ToolResultPart, content: string | readonly JsonObject[]): string | readonly JsonObject[] {
  if (typeof content === 'string') return `Error: ${content}`;
  return part.isError ? [{ type: 'text', text: 'Error:' }, ...content] : content;
}

/** One text is a string, which everyone takes; else it is a list. Null stands where a part is said elsewhere. */
function writeContent(
  parts: readonly (Part | null)[],
  spec: CompatibleSpec,
  cannot: Cannot,
): string | readonly JsonObject[] {
  const kept = parts.length === 1 ? parts : parts.filter((part) => part !== null);
  const [only] = kept;
  if (only === undefined || only === null) return '';
  if (kept.length === 1 && isPlain(only, spec)) return only.kind === 'text' ? only.text : '';
  const written = parts.map((part, index) => {
    if (part === null) return null;
    const result = writePart(part, spec);
    if (typeof result !== 'string') return result;
    cannot(`.parts[${index}]`, result);
    return null;
  });
  const content = written.filter((part) => part !== null);
  if (!spec.refuses?.includes('content_parts')) return content;
  return content.map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('\n\n');
}

const isPlain = (part: Part, spec: CompatibleSpec): boolean =>
  part.kind === 'text' && (part.cache === null || !spec.takes?.includes('cache_control'));

/** Or the sentence why not. */
function writePart(part: Part, spec: CompatibleSpec): JsonObject | string {
  const refused = refusalOf(part, spec);
  if (refused !== null) return refused;
  // What the assistant once refused is told to others as the text that it was.
  if (part.kind === 'refusal' && !spec.takes?.includes('refusal')) return { type: 'text', text: part.text };
  const takesUrl = part.kind === 'document' && spec.takes?.includes('document_url');
  const written = takesUrl ? writeDocument(part) : writeContentPart(part);
  if (typeof written === 'string') return `${spec.title} ${written}`;
  if (!('cache' in part) || part.cache === null) return written;
  return spec.takes?.includes('cache_control') ? { ...written, cache_control: writeCacheMark(part.cache) } : written;
}

function writeDocument({ source, name }: DocumentPart): JsonObject {
  if (source.kind === 'text') return { type: 'text', text: source.text };
  if (source.kind === 'file') return { type: 'file', file_id: source.id };
  const url = source.kind === 'url' ? source.url : dataUrl(source.mediaType, source.base64);
  return { type: 'document_url', document_url: url, ...(name === null ? {} : { document_name: name }) };
}

function refusalOf(part: Part, { refuses = [], takes = [], title }: CompatibleSpec): string | null {
  const isFile = part.kind === 'document' && part.source.kind !== 'text';
  if (refuses.includes('content_parts') && (part.kind === 'image' || part.kind === 'audio' || isFile)) {
    return `${title} takes text and nothing else`;
  }
  if (part.kind === 'image') {
    if (refuses.includes('image')) return `${title} takes no images`;
    if (refuses.includes('image_url') && part.source.kind === 'url') return `${title} takes images as base64 only`;
  }
  if (isFile && !takes.includes('document') && !takes.includes('document_url')) return `${title} takes no documents`;
  if (part.kind === 'audio' && !takes.includes('audio')) return `${title} takes no audio`;
  return null;
}

/** What marks a part for the prompt cache is a hint: leaving it out changes the bill, never the answer. */
export function writeCacheMark({ ttl }: CacheMark): JsonObject {
  return { type: 'ephemeral', ...(ttl === null ? {} : { ttl }) };
}
