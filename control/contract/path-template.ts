/** Paths of a contract (`/pets/{pet-id}`): read, compared, and told in the words of weir.yaml. Pure. */

/** One segment: a literal, or a parameter with what stands around it (`{name}.json` has the tail `.json`). */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  /** Several parameters, or one and a text: weir.yaml has parameters of whole segments alone. */
  | { readonly kind: 'mixed'; readonly names: readonly string[]; readonly shape: string };

/** Null: it is no template. */
export function readTemplate(path: string): readonly Segment[] | null {
  if (!path.startsWith('/') || path.length > 2048 || /[?#\s]/.test(path)) return null;
  const segments: Segment[] = [];
  for (const text of path.slice(1).split('/')) {
    const names = [...text.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name ?? '');
    const rest = text.replace(/\{[^{}]+\}/g, '');
    if (/[{}]/.test(rest)) return null;
    const [only] = names;
    if (only === undefined) segments.push({ kind: 'literal', text });
    else if (names.length === 1 && rest === '') segments.push({ kind: 'parameter', name: only });
    else segments.push({ kind: 'mixed', names, shape: text.replace(/\{[^{}]+\}/g, '{}') });
  }
  return segments;
}

export function namesIn(segments: readonly Segment[]): string[] {
  return segments.flatMap((segment) =>
    segment.kind === 'literal' ? [] : segment.kind === 'mixed' ? segment.names : [segment.name],
  );
}

/** Two paths of one shape take the same requests: OpenAPI calls them identical, whatever their parameters are called. */
export function shapeOf(segments: readonly Segment[]): string {
  return segments
    .map((segment) =>
      segment.kind === 'literal' ? `/${segment.text}` : segment.kind === 'mixed' ? `/${segment.shape}` : '/{}',
    )
    .join('');
}

const LITERAL = /^(?:[A-Za-z0-9._~!$&'()+,=:@-]|%[0-9A-Fa-f]{2})*$/;

export interface RoutePath {
  readonly path: string;
  /** Name in the contract → name in the route. */
  readonly names: ReadonlyMap<string, string>;
}

/** The same in weir.yaml; null: no route can have it. A mixed segment is a parameter whose value is not looked into. */
export function routePathOf(segments: readonly Segment[]): RoutePath | null {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const parts: string[] = [];
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === 'literal') {
      const isLast = index === segments.length - 1;
      if (!LITERAL.test(segment.text) || (segment.text === '' && !isLast) || /^\.{1,2}$/.test(segment.text))
        return null;
      parts.push(segment.text);
      continue;
    }
    const wanted = segment.kind === 'mixed' ? segment.names.join('_') : segment.name;
    const name = freeName(wanted, taken);
    taken.add(name);
    if (segment.kind === 'parameter') names.set(segment.name, name);
    parts.push(`{${name}}`);
  }
  return { path: `/${parts.join('/')}`, names };
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const word =
    wanted
      .replace(/[^A-Za-z0-9_]/g, '_')
      .replace(/^(?=\d)/, '_')
      .slice(0, 56) || 'segment';
  if (!taken.has(word)) return word;
  for (let number = 2; ; number += 1) if (!taken.has(`${word}_${number}`)) return `${word}_${number}`;
}
