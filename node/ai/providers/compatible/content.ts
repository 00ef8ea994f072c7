/** What stands in a message or a delta beside its calls, in the shapes that OpenAI and its imitators give it. Pure. */
import { isObject, type JsonObject, listOf, textOf } from '../../json.js';

export interface ContentPieces {
  readonly text: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly citations: readonly JsonObject[];
}

/**
 * Content is a text, or a list of parts: `text`, `refusal`, and Mistral's `thinking` (docs.mistral.ai, "Reasoning") and
 * `reference` ("Citations").
 */
export function contentPieces(content: unknown): ContentPieces {
  if (typeof content === 'string') return { text: content, reasoning: '', refusal: '', citations: [] };
  let text = '';
  let reasoning = '';
  let refusal = '';
  const citations: JsonObject[] = [];
  for (const part of listOf(content)) {
    if (!isObject(part)) continue;
    if (part['type'] === 'text') text += textOf(part['text']) ?? '';
    else if (part['type'] === 'refusal') refusal += textOf(part['refusal']) ?? '';
    else if (part['type'] === 'thinking') reasoning += contentPieces(part['thinking']).text;
    else if (part['type'] === 'reference') citations.push(part);
  }
  return { text, reasoning, refusal, citations };
}

/** `reasoning_content` (DeepSeek, and most after it) or `reasoning` (OpenRouter, Groq, Together, vLLM since 0.12). */
export function reasoningOf(message: JsonObject): string {
  return textOf(message['reasoning_content']) ?? textOf(message['reasoning']) ?? '';
}

/** OpenAI's `annotations`. */
export function citationsOf(message: JsonObject): readonly JsonObject[] {
  return listOf(message['annotations']).filter(isObject);
}

/** Perplexity's sources stand beside the choices, and say more than its bare `citations` (docs.perplexity.ai). */
export function sourcesOf(body: JsonObject): readonly JsonObject[] {
  const results = listOf(body['search_results']).filter(isObject);
  if (results.length > 0) return results;
  return listOf(body['citations'])
    .map(textOf)
    .filter((url) => url !== null)
    .map((url) => ({ url }));
}
