/** Limits and models as the configuration in force has them: read from its text, which is all that control tells of them. Pure. */
import { parse } from 'yaml';
import { isMapping } from '../design/design-yaml.js';

export interface LimitRow {
  /** `gateway`, or the id of a route. */
  readonly at: string;
  readonly limit: string;
}

export interface ModelRow {
  readonly id: string;
  readonly targets: string;
}

export interface ProviderRow {
  readonly id: string;
  readonly kind: string;
  readonly keys: number;
}

export interface Configured {
  readonly limits: readonly LimitRow[];
  readonly providers: readonly ProviderRow[];
  readonly models: readonly ModelRow[];
  readonly prompts: readonly string[];
  readonly budgets: readonly LimitRow[];
}

export function configuredIn(text: string): Configured {
  const root = fieldsOf(read(text));
  const ai = fieldsOf(root['ai']);
  const routes = entriesOf(root['routes']);
  return {
    limits: [{ id: 'gateway', value: root['gateway'] }, ...routes].flatMap(({ id, value }) =>
      listOf(fieldsOf(value)['limits']).map((limit) => ({ at: id, limit: shown(limit) })),
    ),
    providers: entriesOf(ai['providers']).map(({ id, value }) => {
      const { kind, keys, key } = fieldsOf(value);
      return {
        id,
        kind: typeof kind === 'string' ? kind : id,
        keys: listOf(keys).length + (key === undefined ? 0 : 1),
      };
    }),
    models: entriesOf(ai['models']).map(({ id, value }) => ({
      id,
      targets: shown(fieldsOf(value)['targets'] ?? value),
    })),
    prompts: entriesOf(ai['prompts']).map(({ id }) => id),
    budgets: [{ id: 'all', value: { ai } }, ...routes].flatMap(({ id, value }) =>
      listOf(fieldsOf(fieldsOf(value)['ai'])['limits']).map((limit) => ({ at: id, limit: shown(limit) })),
    ),
  };
}

function read(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch {
    return {};
  }
}

/** Of a list of things with ids, or a mapping by id. */
function entriesOf(value: unknown): readonly { readonly id: string; readonly value: unknown }[] {
  if (!Array.isArray(value)) return Object.entries(fieldsOf(value)).map(([id, held]) => ({ id, value: held }));
  return value.map((held: unknown, index) => {
    const { id, match } = fieldsOf(held);
    return {
      id: typeof id === 'string' ? id : match === undefined ? `number ${index + 1}` : shown(match),
      value: held,
    };
  });
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(shown).join(', ');
  if (!isMapping(value)) return String(value);
  return Object.entries(value)
    .map(([name, held]) => `${name} ${isMapping(held) ? `(${shown(held)})` : shown(held)}`)
    .join(', ');
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}
