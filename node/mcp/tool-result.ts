/**
 * The result of a tool (MCP, Tools: "Tool Result") of what its route has answered. Whatever failed below is a result with `isError`, for
 * the model shall read it and do something else; protocol errors are for clients that are wrong. Pure.
 */
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import type { McpToolSpec } from '@weir/proto/snapshot/mcp.js';
import { isObject, type JsonObject, parsedJson } from '../ai/json.js';

export interface ToolAnswer {
  readonly status: number;
  /** Content-Type; empty: none. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Null: it fits. Else where and why not. */
export type CheckValue = (value: unknown) => string | null;

/** A failure's body may be a whole page. */
const ERROR_CHARS_MAX = 4_000;

export function failedResult(text: string): JsonObject {
  return { content: [{ type: 'text', text: text.slice(0, ERROR_CHARS_MAX) }], isError: true };
}

export function toolResult(tool: McpToolSpec, check: CheckValue | null, answer: ToolAnswer): JsonObject {
  const { status, type, bytes } = answer;
  const kind = mediaTypeOf(type);
  const media = /^(image|audio)\//.exec(kind)?.[1];
  if (status < 300 && media !== undefined && tool.output === null)
    return { content: [{ type: media, data: base64(bytes), mimeType: kind }] };
  const text = decoded(bytes);
  if (status >= 300) return failedResult(`HTTP ${status}: ${wordsOf(text)}`);
  if (text === null) return failedResult(`The answer is no text: ${kind || 'it has no type'}.`);
  if (tool.call.rest === 'inputs') return promptResult(tool, text);
  if (check === null) return { content: [{ type: 'text', text }] };
  const value = parsedJson(text);
  const fault = value === undefined ? 'it is no JSON' : check(value);
  if (fault !== null || !isObject(value)) return failedResult(`The answer does not fit the tool's schema: ${fault}.`);
  return { content: [{ type: 'text', text }], structuredContent: value };
}

/** `{ output, … }` of a prompt, which has been held to its schema already. */
function promptResult(tool: McpToolSpec, text: string): JsonObject {
  const value = parsedJson(text);
  const output = isObject(value) ? (value['output'] ?? null) : null;
  const written = typeof output === 'string' ? output : JSON.stringify(output);
  const content = [{ type: 'text', text: written }];
  if (tool.output === null) return { content };
  return isObject(output)
    ? { content, structuredContent: output }
    : failedResult('The output of the prompt is no object.');
}

/** What an error says in the formats that this gateway and its prompts answer in, else all of it. */
function wordsOf(text: string | null): string {
  const value = text === null ? undefined : parsedJson(text);
  if (!isObject(value)) return text ?? 'the answer is no text';
  const { error, detail, title } = value;
  const message = isObject(error) ? error['message'] : (detail ?? title);
  return typeof message === 'string' ? message : (text ?? '');
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
