/** What a request asks for, by the end of its path; and the format that its caller speaks, also where nothing else is known. Pure. */
import type { ChatFormat } from '../format.js';
import { anthropicMessages } from '../formats/anthropic-messages/anthropic-messages.js';
import { openaiChat } from '../formats/openai-chat/openai-chat.js';
import { openaiCompletions } from '../formats/openai-completions/openai-completions.js';
import { openaiResponses } from '../formats/openai-responses/openai-responses.js';
import type { OperationName } from '../operations/operation.js';

export type Operation =
  | { readonly kind: 'chat'; readonly format: ChatFormat; readonly idPrefix: string }
  | { readonly kind: 'plain'; readonly name: OperationName }
  /** `model`: null: all that there are. */
  | { readonly kind: 'models'; readonly model: string | null }
  | { readonly kind: 'unknown' };

/** The longer end first: `/chat/completions` ends as `/completions` does. */
const chats: readonly (readonly [end: string, operation: Operation & { kind: 'chat' }])[] = [
  ['/chat/completions', { kind: 'chat', format: openaiChat, idPrefix: 'chatcmpl-' }],
  ['/completions', { kind: 'chat', format: openaiCompletions, idPrefix: 'cmpl-' }],
  ['/responses', { kind: 'chat', format: openaiResponses, idPrefix: 'resp_' }],
  ['/messages', { kind: 'chat', format: anthropicMessages, idPrefix: 'msg_' }],
];

const plains: readonly (readonly [end: string, name: OperationName])[] = [
  ['/embeddings', 'embeddings'],
  ['/images/generations', 'images'],
  ['/images/edits', 'imageEdits'],
  ['/audio/speech', 'speech'],
  ['/audio/transcriptions', 'transcriptions'],
  ['/moderations', 'moderations'],
  ['/rerank', 'rerank'],
  ['/messages/count_tokens', 'countTokens'],
];

const MODELS = '/models';

export function operationOf(path: string): Operation {
  const chat = chats.find(([end]) => path.endsWith(end));
  if (chat !== undefined) return chat[1];
  const plain = plains.find(([end]) => path.endsWith(end));
  if (plain !== undefined) return { kind: 'plain', name: plain[1] };
  if (path.endsWith(MODELS)) return { kind: 'models', model: null };
  const at = path.lastIndexOf(`${MODELS}/`);
  if (at === -1) return { kind: 'unknown' };
  const model = decoded(path.slice(at + MODELS.length + 1));
  return model === null || model === '' ? { kind: 'unknown' } : { kind: 'models', model };
}

/** Whose words errors are in. Anthropic's clients name their version with each request, whatever they ask for. */
export function formatOf(path: string, anthropicVersion: string | undefined): ChatFormat {
  const operation = operationOf(path);
  if (operation.kind === 'chat') return operation.format;
  return anthropicVersion !== undefined || path.includes('/messages') ? anthropicMessages : openaiChat;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
