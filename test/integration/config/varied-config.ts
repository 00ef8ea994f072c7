// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/**
 * Configs near the ones that people write: an example with a few settings removed, moved or given the value of another.
 * Most of them are refused; those that are accepted combine settings as no example does.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';

const examples = ['full', 'quickstart', 'websocket', 'ai'].map((name) => {
  const file = new URL(`../../../deploy/examples/${name}.yaml`, import.meta.url);
  return parse(readFileSync(file, 'utf8')) as Json; // YAML without tags or anchors is JSON in another notation.
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Container = Json[] | { [key: string]: Json };

/** Values that mean something in many places, or nothing anywhere. */
const LOOSE: readonly Json[] = [
  ...[true, false, null, 0, 1, -1, 0.5, 1e9, '', 'none', 'adaptive', 'unlimited', '*', '/*', '/a/{b}/*'],
  ...['0s', '1ms', '24h', '1B', '1GiB', '1/s', '${KEY}', 'x'.repeat(300), 'é', [], {}],
];

interface Place {
  readonly container: Container;
  readonly key: string;
  /** The name under which the container stands, that of its list for an entry of a list. */
  readonly of: string;
}

/** Each container with each of its keys. */
function places(value: Json, of = '', found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    found.push({ container: value, key, of });
    places(inner, Array.isArray(value) ? of : key, found);
  }
  return found;
}

const read = (container: Container, key: string): Json => (container as Record<string, Json>)[key] ?? null;

/** What stands under a name in containers of one kind: the likeliest values of the same name elsewhere. */
const values = new Map<string, Map<string, Json[]>>();
for (const { container, key, of } of examples.flatMap((example) => places(example))) {
  if (Array.isArray(container)) continue;
  const ofKind = values.get(of) ?? new Map<string, Json[]>();
  values.set(of, ofKind.set(key, [...(ofKind.get(key) ?? []), read(container, key)]));
}

interface Change {
  readonly kind: 'remove' | 'namesake' | 'loose' | 'repeat' | 'add' | 'mix';
  /** Where, and with what, as shares of what there is. */
  readonly at: number;
  readonly by: number;
  /** For a mix: which of the settings it has, and with which value. */
  readonly shares: readonly number[];
}

const pick = <T>(list: readonly T[], share: number): T | undefined => list[Math.floor(share * list.length)];
const copy = (value: Json | undefined): Json => structuredClone(value ?? null);

function apply(config: Json, change: Change): void {
  const { kind, at, by } = change;
  const place = pick(places(config), at);
  if (place === undefined) return;
  const { container, key, of } = place;
  const put = (name: string, value: Json): void => {
    (container as Record<string, Json>)[name] = value;
  };
  const known = values.get(of) ?? new Map<string, Json[]>();
  if (kind === 'mix') mix(config, change);
  else if (kind === 'remove') {
    if (Array.isArray(container)) container.splice(Number(key), 1);
    else delete container[key];
  } else if (kind === 'namesake') put(key, copy(pick(known.get(key) ?? [], by)));
  else if (kind === 'loose') put(key, copy(pick(LOOSE, by)));
  else if (Array.isArray(container)) container.push(copy(read(container, key)));
  else if (kind === 'add') {
    const name = pick([...known.keys()], by) ?? key;
    // What is left of the share, once the name is chosen by it.
    put(name, copy(pick(known.get(name) ?? [], (by * known.size) % 1)));
  }
}

/** One more route or upstream, of settings from all that there are. */
function mix(config: Json, { at, shares }: Change): void {
  const section = at < 0.8 ? 'routes' : 'upstreams';
  const list = read(config as Container, section);
  if (!Array.isArray(list)) return;
  const entry: { [key: string]: Json } = {};
  for (const [index, [name, all]] of [...(values.get(section) ?? [])].entries()) {
    const share = shares[index % shares.length] ?? 0;
    const isThere = name === 'match' || name === 'targets' || share < SETTING_SHARE;
    if (isThere && name !== 'id') entry[name] = copy(pick(all, (share / SETTING_SHARE) % 1));
  }
  // A route does one of three.
  const [does] = ['upstream', 'redirect', 'respond'].filter((name) => name in entry);
  for (const name of ['upstream', 'redirect', 'respond']) if (name !== does) delete entry[name];
  list.push(section === 'routes' ? entry : { id: `mix-${list.length}`, ...entry });
}

/** Of the settings in a mix; more of them seldom go together. */
const SETTING_SHARE = 0.2;

// Without the bias of fast-check towards the ends, which would choose the first setting again and again.
const share = fc.noBias(fc.integer({ min: 0, max: 999_999 })).map((part) => part / 1e6);
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('mix', 'remove', 'namesake', 'loose', 'repeat', 'add'),
  at: share,
  by: share,
  shares: fc.array(share, { minLength: 30, maxLength: 30 }),
});

/** The text of a config. */
export const variedConfig: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...examples), fc.array(change, { minLength: 1, maxLength: 4, size: 'max' }))
  .map(([example, changes]) => {
    const config = copy(example);
    for (const each of changes) apply(config, each);
    return JSON.stringify(config, null, 1);
  });
