/** What a path says about prompts, by its end: `…/prompts`, `…/prompts/{name}`, `…/prompts/{name}@{version}`, `…/openapi.json`. Pure. */

export interface PromptPath {
  readonly kind: 'list' | 'ask' | 'openapi';
  /** Path that `/prompts` stands below. */
  readonly base: string;
  readonly name: string;
  /** Null: it names none. */
  readonly version: string | null;
}

const PATH =
  /^(.*)\/prompts(?:\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?:@([A-Za-z0-9][A-Za-z0-9._-]{0,63}))?(\/openapi\.json)?)?$/;

/** Null: it is about none. `@` may be written as `%40`, as some clients do. */
export function promptPathOf(path: string): PromptPath | null {
  const [, base, name, version, document] = PATH.exec(path.replace('%40', '@')) ?? [];
  if (base === undefined) return null;
  const kind = name === undefined ? 'list' : document === undefined ? 'ask' : 'openapi';
  return { kind, base, name: name ?? '', version: version ?? null };
}
