/** Which names a model goes by: the rules of @pydantic/genai-prices, which the overlay and the config use as well. Pure. */

export type MatchRule =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly MatchRule[] }
  | { readonly and: readonly MatchRule[] };

/** Case counts in no name of a model. */
export function matches(rule: MatchRule, name: string): boolean {
  const lower = name.toLowerCase();
  if ('or' in rule) return rule.or.some((each) => matches(each, name));
  if ('and' in rule) return rule.and.every((each) => matches(each, name));
  if ('equals' in rule) return lower === rule.equals.toLowerCase();
  if ('starts_with' in rule) return lower.startsWith(rule.starts_with.toLowerCase());
  if ('ends_with' in rule) return lower.endsWith(rule.ends_with.toLowerCase());
  if ('contains' in rule) return lower.includes(rule.contains.toLowerCase());
  return new RegExp(rule.regex).test(name);
}

/**
 * The names to try for a model, the most exact first: as it is; with the date in the other writing; without the date; and each of
 * these without what stands around it (`us.anthropic.x-v1:0`, `models/x`, `x@20250514`, `x:free`).
 */
export function namesOf(model: string): readonly string[] {
  const names = new Set<string>();
  for (const name of [model, bare(model)]) {
    names.add(name);
    names.add(name.replace(/(?<=[-@])(20\d\d)(\d\d)(\d\d)(?=-|:|$)/, '$1-$2-$3'));
    names.add(name.replace(/[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest)(?=$|-v\d|:)/, ''));
  }
  names.delete('');
  return [...names];
}

/** Without a vendor's path, a region of Bedrock, its version, and a variant of OpenRouter's. */
export function bare(model: string): string {
  const file = model.slice(model.lastIndexOf('/') + 1);
  return file
    .replace(/^(?:us|eu|apac|jp|au|global)\.(?=[a-z0-9]+\.)/, '')
    .replace(/^(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|writer)\./, '')
    .replace(/-v\d+(?::\d+)?$/, '')
    .replace(/:[a-z-]+$/, '');
}
