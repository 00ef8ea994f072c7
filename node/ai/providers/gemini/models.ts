/**
 * What is to be known of Gemini models by their names. A Gemini without a number (`gemini-flash-latest`) is taken for one of the
 * latest, and what is no Gemini (Gemma, …) for one that knows nothing special. Pure. Source: "Thinking", "Thought signatures"
 * and "Models" in the documentation of the Gemini API.
 */

/** 2.5 as 205; null: no Gemini. */
function versionOf(model: string): number | null {
  const match = /gemini-(?:(\d+)(?:[.-](\d{1,2})(?!\d))?)?/.exec(model);
  if (match === null) return null;
  return match[1] === undefined ? Number.MAX_SAFE_INTEGER : Number(match[1]) * 100 + Number(match[2] ?? 0);
}

/** Whether thinking is asked for by a level, by a number of tokens, or not at all. */
export function thinkingStyle(model: string): 'none' | 'budget' | 'level' {
  const version = versionOf(model);
  if (version === null || version < 205) return 'none';
  return version < 300 ? 'budget' : 'level';
}

/** The models from 3 on want calls signed, take media in results of calls, and a resolution for each of the media. */
export function isThirdGeneration(model: string): boolean {
  return (versionOf(model) ?? 0) >= 300;
}

/** Models that can't be kept from thinking. */
export function alwaysThinks(model: string): boolean {
  return isThirdGeneration(model) || model.includes('pro');
}

export const isPro = (model: string): boolean => model.includes('pro');
