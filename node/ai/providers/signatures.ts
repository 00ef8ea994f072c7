/**
 * Whose a signature of reasoning is. A conversation may move from one provider to another between two of its turns, and each
 * refuses signatures that are not its own, so those of all but Anthropic's models (which stand as they are, for its clients
 * know them) carry the name of their family before a colon. Base64, which signatures are in, has no colon. Pure.
 */
import type { ReasoningPart } from '../chat/part.js';

const FAMILY = /^[a-z][a-z-]*(?:\/\d+)?:/;

/** Whether Anthropic's models, wherever they are served, may be shown the signature or the hidden text. */
export function isAnthropicSigned(signature: string): boolean {
  return !FAMILY.test(signature);
}

/** Reasoning that an Anthropic model gets back; what others thought, or nobody signed, is none of its own. */
export function isAnthropicReasoning(part: ReasoningPart): boolean {
  const proof = part.redacted ?? part.signature;
  return proof !== null && isAnthropicSigned(proof);
}

/**
 * Hidden reasoning comes from Bedrock as bytes whose relation to what Anthropic itself says is not told, so it goes back to
 * Bedrock only.
 */
export const bedrockRedacted = (base64: string): string => `bedrock:${base64}`;

/** Null where it is not Bedrock's. */
export function readBedrockRedacted(redacted: string): string | null {
  return redacted.startsWith('bedrock:') ? redacted.slice('bedrock:'.length) : null;
}

/**
 * Gemini signs parts: a call (`gemini/0:…`: the first of its answer) or a text (`gemini:…`). The signature of a call names the
 * call, for formats that tell reasoning and calls in different places lose their order.
 */
export function geminiSignature(signature: string, call: number | null): string {
  return call === null ? `gemini:${signature}` : `gemini/${call}:${signature}`;
}

/** Null where it is not Gemini's. */
export function readGeminiSignature(
  signature: string,
): { readonly call: number | null; readonly value: string } | null {
  const match = /^gemini(?:\/(\d{1,6}))?:(.*)$/s.exec(signature);
  if (match === null) return null;
  return { call: match[1] === undefined ? null : Number(match[1]), value: match[2] ?? '' };
}
