/** A JSON Schema as a table of fields, and a sample that fits it. Bounded in depth and in number, for schemas may hold themselves. Pure. */
import { isMapping } from '../design/design-yaml.js';
import { follow } from './documented.js';

type Fields = Readonly<Record<string, unknown>>;

export interface SchemaLine {
  /** `items[].price`. */
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

const DEPTH_MAX = 5;
const LINES_MAX = 200;

export function schemaLines(root: unknown, schema: unknown): readonly SchemaLine[] {
  const lines: SchemaLine[] = [];
  walk(isMapping(root) ? root : {}, schema, '', 0, lines);
  return lines;
}

function walk(root: Fields, written: unknown, path: string, depth: number, lines: SchemaLine[]): void {
  const schema = whole(root, written);
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  for (const [name, entry] of Object.entries(fieldsOf(schema['properties']))) {
    if (lines.length >= LINES_MAX) return;
    const held = whole(root, entry);
    const at = path === '' ? name : `${path}.${name}`;
    const { description } = held;
    lines.push({
      ...{ path: at, type: typeOf(root, held), isRequired: required.has(name) },
      description: typeof description === 'string' ? description : '',
    });
    if (depth >= DEPTH_MAX) continue;
    walk(root, held, at, depth + 1, lines);
    if (held['items'] !== undefined) walk(root, held['items'], `${at}[]`, depth + 1, lines);
  }
  if (path === '' && schema['items'] !== undefined) walk(root, schema['items'], '[]', depth + 1, lines);
}

/** With the properties of all parts of `allOf`; of alternatives the first. */
function whole(root: Fields, written: unknown): Fields {
  const schema = fieldsOf(follow(root, written));
  const parts = [
    ...listOf(schema['allOf']),
    ...listOf(schema['oneOf']).slice(0, 1),
    ...listOf(schema['anyOf']).slice(0, 1),
  ];
  if (parts.length === 0) return schema;
  const all = [schema, ...parts.map((part) => fieldsOf(follow(root, part)))];
  // What stands in the schema itself counts for more than what its parts say.
  return {
    ...Object.fromEntries(all.toReversed().flatMap((part) => Object.entries(part))),
    properties: Object.fromEntries(all.toReversed().flatMap((part) => Object.entries(fieldsOf(part['properties'])))),
    required: all.flatMap((part) => listOf(part['required'])),
  };
}

export function typeOf(root: unknown, written: unknown): string {
  const schema = whole(isMapping(root) ? root : {}, written);
  const { type, format, enum: choices } = schema;
  if (Array.isArray(choices))
    return `one of ${choices.slice(0, 8).map(String).join(', ')}${choices.length > 8 ? ', …' : ''}`;
  const name = Array.isArray(type) ? type.map(String).join(' or ') : typeof type === 'string' ? type : '';
  if (name === 'array') return `list of ${typeOf(root, schema['items']) || 'anything'}`;
  if (name === '') return isMapping(schema['properties']) ? 'object' : '';
  return typeof format === 'string' ? `${name} (${format})` : name;
}

/** Something that fits, to begin with; its own examples where it has any. */
export function sampleOf(root: unknown, written: unknown, depth = 0): unknown {
  const schema = whole(isMapping(root) ? root : {}, written);
  const { example, examples, default: byDefault, enum: choices, type } = schema;
  const given = example ?? listOf(examples)[0] ?? byDefault ?? listOf(choices)[0];
  if (given !== undefined) return given;
  if (depth > DEPTH_MAX) return null;
  if (isMapping(schema['properties']))
    return Object.fromEntries(
      Object.entries(schema['properties'])
        .slice(0, 50)
        .map(([name, entry]) => [name, sampleOf(root, entry, depth + 1)]),
    );
  const kind = Array.isArray(type) ? type[0] : type;
  if (kind === 'array') return [sampleOf(root, schema['items'], depth + 1)];
  if (kind === 'integer' || kind === 'number') return typeof schema['minimum'] === 'number' ? schema['minimum'] : 0;
  return kind === 'boolean' ? false : kind === 'string' ? '' : {};
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function fieldsOf(value: unknown): Fields {
  return isMapping(value) ? value : {};
}
