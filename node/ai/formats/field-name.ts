/**
 * The name of what a provider can't do, in the words of the format that the caller used. Messages know where they stood; other
 * fields have one name in each format. Pure.
 */
import type { ChatField, ChatRequest, Reasoning, Unsupported } from '../chat/chat-request.js';

/** How a format names each field. A field that it does not have is never said by its callers; its neutral name will do. */
export type FieldNames = Readonly<Partial<Record<ChatField, string>>> & {
  /** The members of `reasoning`, which no format has side by side. */
  readonly reasoningMembers?: Readonly<Record<keyof Reasoning, string>>;
};

export function fieldNameIn(names: FieldNames, unsupported: Unsupported, request: ChatRequest): string {
  const { field, at } = unsupported;
  if (field === 'extra') return at;
  if (field === 'messages') return messagePath(at, request) ?? `${names.messages ?? field}${at}`;
  if (field === 'reasoning' && isMember(at)) return names.reasoningMembers?.[at] ?? `${names[field] ?? field}.${at}`;
  return `${names[field] ?? field}${at}`;
}

const isMember = (at: string): at is keyof Reasoning => ['effort', 'budgetTokens', 'isShown'].includes(at);

/** `[3].parts[1].content[0]`: the path of the part, and what stands below it. Null: it did not come from the caller. */
function messagePath(at: string, { messages }: ChatRequest): string | null {
  const [, message = '', part, below = ''] = /^\[(\d+)\](?:\.parts\[(\d+)\])?(.*)$/.exec(at) ?? [];
  const paths = messages[Number(message)]?.paths;
  if (message === '' || paths === undefined) return null;
  const path = part === undefined ? paths.message : (paths.parts[Number(part)] ?? paths.message);
  return path + below;
}
