/**
 * What is to be known of Claude models by their names, wherever they are served: `claude-3-7-sonnet-20250219`,
 * `claude-opus-4-1@20250805` (Vertex AI), `us.anthropic.claude-sonnet-4-5-20250929-v1:0` (Bedrock). A name that is not known is
 * taken for a model that came later. Pure. Source: "Extended thinking", "Adaptive thinking" and "Models overview" in the
 * platform's documentation.
 */

/**
 * - `budget`: up to 4.5 a model thinks within a number of tokens.
 * - `adaptive`: from 4.6 on it decides by itself, and is told an effort.
 */
export type ThinkingStyle = 'none' | 'budget' | 'adaptive';

const NAME = /claude-(?:instant|(?:(?:opus|sonnet|haiku)-)?(\d+)(?:[-.](\d{1,2})(?!\d))?)/;

/** 4.5 as 405; null where the name has none. */
function versionOf(model: string): number | null {
  const match = NAME.exec(model);
  if (match === null) return null;
  return Number(match[1] ?? 1) * 100 + Number(match[2] ?? 0);
}

export function thinkingStyle(model: string): ThinkingStyle {
  const version = versionOf(model);
  if (version === null || version >= 406) return 'adaptive';
  return version >= 307 ? 'budget' : 'none';
}

/** From 4.7 on a number of tokens is refused; at 4.6 both ways are open. */
export function takesBudget(model: string): boolean {
  const version = versionOf(model);
  return version !== null && version >= 307 && version <= 406;
}

/**
 * Output tokens where the caller has named no bound: Anthropic wants one, others do not. As many as each model of that version
 * gives, or as many as the smallest of the later ones does.
 */
export function outputTokensMax(model: string): number {
  const version = versionOf(model);
  if (version === null || version >= 400) return 32_000;
  return version >= 305 ? 8_192 : 4_096;
}

/** Whether instructions may stand behind a message of the user (`role: "system"`, from 4.8 on), not only before them all. */
export function takesLaterInstructions(model: string): boolean {
  const version = versionOf(model);
  return version === null || version >= 408;
}

/** Whether an answer may go on from what the assistant has begun ("Prefill Claude's response"): from 4.6 on that is refused. */
export function takesPrefill(model: string): boolean {
  const version = versionOf(model);
  return version !== null && version < 406;
}
