/**
 * A body as a value, and a value as a body: JSON, XML and forms (application/x-www-form-urlencoded). Pure.
 *
 *     <order id="7"><item>a</item><item>b</item></order>   {"order":{"@id":"7","item":["a","b"]}}   order[@id]=7&order[item]=a&order[item]=b
 *
 * Attributes have an `@` before their name, text beside them is `#text`; what occurs more than once is a list. Values of XML and forms are
 * texts: nothing is guessed to be a number. A document type is refused, and with it entities that grow (billion laughs) or are fetched.
 */
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import type { BodyForm } from '@weir/proto/snapshot/convert.js';
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

export class FormFault extends Error {}

const DEPTH_MAX = 64;
const PARAMETERS_MAX = 10_000;

/** By the media type; null: none of these. */
export function formOf(contentType: string | undefined): BodyForm | null {
  const type = mediaTypeOf(contentType);
  if (type === 'application/json' || type.endsWith('+json')) return 'json';
  if (type === 'application/xml' || type === 'text/xml' || type.endsWith('+xml')) return 'xml';
  return type === 'application/x-www-form-urlencoded' ? 'form' : null;
}

export const mediaTypes: Readonly<Record<BodyForm, string>> = {
  json: 'application/json',
  xml: 'application/xml; charset=utf-8',
  form: 'application/x-www-form-urlencoded',
};

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The bytes of one form as those of another. Throws a FormFault. */
export function converted(bytes: Uint8Array, from: BodyForm, to: BodyForm, root: string): Uint8Array {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new FormFault('it is no UTF-8');
  }
  const value = read(text, from);
  if (depthOf(value) > DEPTH_MAX) throw new FormFault(`it is deeper than ${DEPTH_MAX} levels`);
  return new TextEncoder().encode(write(value, to, root));
}

function read(text: string, from: BodyForm): unknown {
  if (from === 'xml') return readXml(text);
  if (from === 'form') return readForm(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new FormFault('it is no JSON');
  }
}

function write(value: unknown, to: BodyForm, root: string): string {
  if (to === 'json') return JSON.stringify(value);
  return to === 'xml' ? writeXml(value, root) : writeForm(value);
}

function readXml(text: string): unknown {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) throw new FormFault('it has a document type, which is not taken');
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new FormFault(`it is no XML: ${valid.err.msg} (line ${valid.err.line})`);
  const parser = new XMLParser({
    ...{ ignoreAttributes: false, attributeNamePrefix: '@', textNodeName: '#text', ignoreDeclaration: true },
    ...{
      parseTagValue: false,
      parseAttributeValue: false,
      trimValues: true,
      processEntities: true,
      htmlEntities: true,
    },
    ...{ ignorePiTags: true, removeNSPrefix: false },
  });
  let value: unknown;
  try {
    value = parser.parse(text);
  } catch (error) {
    throw new FormFault(`it is no XML that can be read: ${error instanceof Error ? error.message.slice(0, 100) : ''}`);
  }
  if (!isObject(value) || Object.keys(value).length !== 1) throw new FormFault('it is no XML: it has not one root');
  return value;
}

/** One outermost element: the only member of an object, or `root` around all of it. */
function writeXml(value: unknown, root: string): string {
  const members = isObject(value) ? Object.entries(value) : [];
  const [only] = members;
  const isRooted = members.length === 1 && only !== undefined && isElement(only[0]) && !Array.isArray(only[1]);
  const builder = new XMLBuilder({
    ...{ ignoreAttributes: false, attributeNamePrefix: '@', textNodeName: '#text', processEntities: true },
    ...{ format: false, suppressEmptyNode: true, suppressBooleanAttributes: false },
  });
  const tree = isRooted ? value : { [root]: Array.isArray(value) ? { item: value } : value };
  checkNames(tree);
  return `<?xml version="1.0" encoding="UTF-8"?>${builder.build(withoutNull(tree))}`;
}

const ELEMENT = /^[\p{L}_][\p{L}\p{N}_.:-]*$/u;
const isElement = (name: string): boolean => ELEMENT.test(name);

/** A name that is none would be markup of whoever has written it. */
function checkNames(value: unknown): void {
  if (Array.isArray(value)) for (const each of value) checkNames(each);
  if (!isObject(value)) return;
  for (const [name, child] of Object.entries(value)) {
    const bare = name.startsWith('@') ? name.slice(1) : name;
    if (name !== '#text' && !isElement(bare))
      throw new FormFault(`${name.slice(0, 40)} can't be the name of an element`);
    if (name.startsWith('@') && typeof child === 'object' && child !== null)
      throw new FormFault(`the attribute ${bare.slice(0, 40)} is no text`);
    checkNames(child);
  }
}

/** What is null is an empty element. */
function withoutNull(value: unknown): unknown {
  if (value === null) return '';
  if (Array.isArray(value)) return value.map(withoutNull);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, withoutNull(child)]));
}

/** Names as they are written; one that comes more than once is a list. */
function readForm(text: string): unknown {
  const parameters = [...new URLSearchParams(text)];
  if (parameters.length > PARAMETERS_MAX) throw new FormFault(`it has more than ${PARAMETERS_MAX} parameters`);
  const found = new Map<string, string[]>();
  for (const [name, value] of parameters) {
    const known = found.get(name);
    if (known === undefined) found.set(name, [value]);
    else known.push(value);
  }
  return Object.fromEntries([...found].map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

function writeForm(value: unknown): string {
  if (!isObject(value)) throw new FormFault('only an object can be a form');
  const form = new URLSearchParams();
  const add = (name: string, child: unknown): void => {
    if (Array.isArray(child)) for (const each of child) add(name, each);
    else if (isObject(child)) for (const [inner, each] of Object.entries(child)) add(`${name}[${inner}]`, each);
    else form.append(name, child === null || child === undefined ? '' : String(child));
  };
  for (const [name, child] of Object.entries(value)) add(name, child);
  return form.toString();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Not deeper than one level beyond the bound. */
function depthOf(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return depth;
  let deepest = depth + 1;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child, depth + 1));
  return deepest;
}
