/**
 * Messages and their parts in the words of Bedrock's Converse. Results of tools are the user's and stand first; a cache mark is
 * a block of its own behind what it marks; media come as bytes, or from S3. Pure. Source: "Message" and "ContentBlock" in the API reference.
 */
import type {
  AudioPart,
  CacheMark,
  DocumentPart,
  ImagePart,
  Message,
  Part,
  ReasoningPart,
  ToolResultPart,
} from '../../chat/part.js';
import type { JsonObject } from '../../json.js';
import type { Gaps } from '../gaps.js';
import { isAnthropicReasoning, readBedrockRedacted } from '../signatures.js';
import { argumentsOf } from '../untrusted.js';
import { isClaude } from './models.js';

export interface Conversation {
  readonly system: readonly JsonObject[];
  readonly messages: readonly JsonObject[];
}

export function conversationOf(messages: readonly Message[], model: string, gaps: Gaps): Conversation {
  const system: JsonObject[] = [];
  const told: { role: string; content: JsonObject[] }[] = [];
  let documents = 0;
  const nameOf = (name: string | null): string => documentName(name, ++documents);
  for (const [index, message] of messages.entries()) {
    const at = `[${index}]`;
    const content = message.parts.flatMap((part, place) => {
      return blocksOf(part, `${at}.parts[${place}]`, { model, gaps, nameOf });
    });
    if (message.name !== null) gaps.add('messages', `${at}.name`, 'knows no names of participants');
    if (message.role === 'system') {
      if (told.length > 0) gaps.add('messages', at, 'takes instructions before the conversation only');
      system.push(...content);
      continue;
    }
    if (content.length === 0) continue;
    const role = message.role === 'tool' ? 'user' : message.role;
    const last = told.at(-1);
    if (last?.role === role) last.content.push(...content);
    else told.push({ role, content });
  }
  return { system, messages: told.map(({ role, content }) => ({ role, content: resultsFirst(content) })) };
}

/** With the cache points behind them, which would mark something else elsewhere. */
function resultsFirst(blocks: readonly JsonObject[]): readonly JsonObject[] {
  const results: JsonObject[] = [];
  const others: JsonObject[] = [];
  let last = others;
  for (const block of blocks) {
    if (!('cachePoint' in block)) last = 'toolResult' in block ? results : others;
    last.push(block);
  }
  return [...results, ...others];
}

export function cachePoint(mark: CacheMark | null): JsonObject[] {
  if (mark === null) return [];
  return [{ cachePoint: mark.ttl === null ? { type: 'default' } : { type: 'default', ttl: mark.ttl } }];
}

interface Context {
  readonly model: string;
  readonly gaps: Gaps;
  readonly nameOf: (name: string | null) => string;
}

function blocksOf(part: Part, at: string, context: Context): JsonObject[] {
  const block = blockOf(part, at, context);
  if (block === null) return [];
  return [block, ...('cache' in part ? cachePoint(part.cache) : [])];
}

function blockOf(part: Part, at: string, context: Context): JsonObject | null {
  const { gaps } = context;
  switch (part.kind) {
    case 'text':
    case 'refusal':
      // Texts of white space alone are refused.
      return part.text.trim() === '' ? null : { text: part.text };
    case 'image':
      return imageBlock(part, at, gaps);
    case 'document':
      return documentBlock(part, at, context);
    case 'audio':
      return audioBlock(part, at, gaps);
    case 'toolCall': {
      const input = argumentsOf(part.arguments);
      if (input === null)
        gaps.add('messages', `${at}.arguments`, 'takes the arguments of a call as a JSON object only');
      return { toolUse: { toolUseId: idOf(part.id), name: part.name, input: input ?? {} } };
    }
    case 'toolResult':
      return resultBlock(part, at, context);
    case 'native':
      gaps.add('messages', at, 'knows no tools that a provider runs by itself');
      return null;
    case 'reasoning':
      return reasoningBlock(part, context.model);
  }
}

/** At most 64 of these characters; a call and its result change alike. */
const idOf = (id: string): string => id.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(-64);

const imageFormats: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};

function imageBlock({ source, detail }: ImagePart, at: string, gaps: Gaps): JsonObject | null {
  if (detail === 'low') gaps.add('messages', `${at}.detail`, 'looks at images in one way only');
  if (source.kind === 'base64' && Object.hasOwn(imageFormats, source.mediaType)) {
    return { image: { format: imageFormats[source.mediaType], source: { bytes: source.base64 } } };
  }
  const ending = source.kind === 'url' ? /^s3:.*\.(png|jpeg|jpg|gif|webp)$/.exec(source.url)?.[1] : undefined;
  if (source.kind === 'url' && ending !== undefined) {
    const format = ending === 'jpg' ? 'jpeg' : ending;
    return { image: { format, source: { s3Location: { uri: source.url } } } };
  }
  gaps.add('messages', at, 'takes images as PNG, JPEG, GIF or WebP, in base64 or from S3');
  return null;
}

const documentFormats: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'text/html': 'html',
  'text/markdown': 'md',
  'text/plain': 'txt',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
};

function documentBlock({ source, name }: DocumentPart, at: string, { gaps, nameOf }: Context): JsonObject | null {
  if (source.kind === 'text') return { document: { format: 'txt', name: nameOf(name), source: { text: source.text } } };
  if (source.kind === 'base64' && Object.hasOwn(documentFormats, source.mediaType)) {
    return {
      document: { format: documentFormats[source.mediaType], name: nameOf(name), source: { bytes: source.base64 } },
    };
  }
  gaps.add('messages', at, 'takes documents as PDF, Word, Excel, CSV, HTML, Markdown or text, in base64');
  return null;
}

/** Letters, digits, single spaces, hyphens, parentheses and brackets; and one is wanted. */
function documentName(name: string | null, index: number): string {
  const allowed = (name ?? '').replaceAll(/[^a-zA-Z0-9()[\]-]+/g, ' ').trim();
  return allowed === '' ? `document ${index}` : allowed.slice(0, 200);
}

const AUDIO: readonly string[] = ['aac', 'flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'ogg', 'opus', 'pcm', 'wav', 'webm'];

function audioBlock({ format, base64 }: AudioPart, at: string, gaps: Gaps): JsonObject | null {
  if (AUDIO.includes(format)) return { audio: { format, source: { bytes: base64 } } };
  gaps.add('messages', at, `takes no audio as ${format}`);
  return null;
}

function resultBlock(part: ToolResultPart, at: string, context: Context): JsonObject {
  const content = part.content
    .map((inner, place) => blockOf(inner, `${at}.content[${place}]`, context))
    .filter((block) => block !== null);
  const status = part.isError ? { status: 'error' } : {};
  return { toolResult: { toolUseId: idOf(part.callId), content, ...status } };
}

/** Only Claude wants its reasoning back; the others never saw what they are shown of it. */
function reasoningBlock(part: ReasoningPart, model: string): JsonObject | null {
  if (!isClaude(model)) return null;
  if (part.redacted !== null) {
    const bytes = readBedrockRedacted(part.redacted);
    return bytes === null ? null : { reasoningContent: { redactedContent: bytes } };
  }
  if (!isAnthropicReasoning(part)) return null;
  return { reasoningContent: { reasoningText: { text: part.text, signature: part.signature } } };
}
