import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { jsonSchemaText } from './json-schema.js';

const examples = new URL('../../deploy/examples/', import.meta.url);

it.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))(
  'an editor finds nothing wrong with %s',
  (name) => {
    const validate = new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(jsonSchemaText()));
    validate(parse(readFileSync(new URL(name, examples), 'utf8')));
    expect(validate.errors ?? []).toEqual([]);
  },
);

it('the committed schema says what the parser does (else: npm run build && node control/dist/publish/write-schema.js)', () => {
  expect(readFileSync(new URL('./weir.schema.json', import.meta.url), 'utf8')).toBe(jsonSchemaText());
});

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly additionalProperties?: Node | false;
}

/** Paths of fields without a word of documentation, and of objects that take any key. */
function gaps(node: Node, path: string): string[] {
  const open = node.properties !== undefined && node.additionalProperties !== false ? [`${path} takes any key`] : [];
  const fields = Object.entries(node.properties ?? {}).flatMap(([name, field]) => {
    const own = field.description === undefined ? [`${path}.${name} has no description`] : [];
    return [...own, ...gaps(field, `${path}.${name}`)];
  });
  const values = typeof node.additionalProperties === 'object' ? gaps(node.additionalProperties, `${path}.*`) : [];
  return [
    ...open,
    ...fields,
    ...values,
    ...(node.anyOf ?? []).flatMap((form) => gaps(form, path)),
    ...(node.items ? gaps(node.items, `${path}[]`) : []),
  ];
}

it('every field of the schema is documented, and no object takes keys that it does not know', () => {
  expect(gaps(JSON.parse(jsonSchemaText()), 'weir.yaml')).toEqual([]);
});
