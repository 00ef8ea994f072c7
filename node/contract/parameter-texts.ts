/**
 * The texts of a parameter in a request, taken apart by its style (OpenAPI 3.1.1, §4.8.12.2): a single text, items, or members. Texts are parted
 * before they are decoded, so that an encoded comma is part of an item. Pure.
 *
 *   form          ids=1&ids=2   ids=1,2        size=1&after=x   page=size,1,after,x
 *   deepObject                                 filter[min]=1&filter[max]=2
 *   simple        1,2           (path, header) size=1,after=x   size,1,after,x
 */
import type { ParameterSpec } from '@weir/proto/snapshot/contract.js';

/** What a request has under each name, still encoded. */
export type RawTexts = ReadonlyMap<string, readonly string[]>;

export interface RequestTexts {
  readonly query: RawTexts;
  readonly cookies: RawTexts;
  /** All lines of a field joined by commas; undefined: there is none. */
  header(name: string): string | undefined;
  /** The segment of the path; undefined: the route has no such parameter. */
  segment(param: string): string | undefined;
}

export type Member = readonly [name: string, text: string];

export function rawQuery(query: string): RawTexts {
  return grouped(query === '' ? [] : query.split('&'), decoded);
}

/** RFC 6265, §5.4; a request may have several lines, or, in HTTP/2, one for each. */
export function rawCookies(header: string | undefined): RawTexts {
  return grouped(header === undefined ? [] : header.split(/[;,]\s*/), (name) => name.trim());
}

function grouped(parts: readonly string[], nameOf: (raw: string) => string): RawTexts {
  const texts = new Map<string, string[]>();
  for (const part of parts) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = nameOf(equals < 0 ? part : part.slice(0, equals));
    const text = equals < 0 ? '' : part.slice(equals + 1);
    const known = texts.get(name);
    if (known === undefined) texts.set(name, [text]);
    else known.push(text);
  }
  return texts;
}

/** As forms are; what can't be decoded stays as it is. */
export function decoded(raw: string): string {
  if (!/[%+]/.test(raw)) return raw;
  return withoutPercent(raw.replaceAll('+', ' '));
}

function withoutPercent(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/** A field's value is text as it is. */
function decoderOf({ in: place }: ParameterSpec): (raw: string) => string {
  if (place === 'query') return decoded;
  return place === 'header' ? (raw) => raw.trim() : withoutPercent;
}

/** Every text that stands under its name, undecoded; empty: none does. */
export function rawTexts(parameter: ParameterSpec, request: RequestTexts): readonly string[] {
  const { name, param, style, explode } = parameter;
  switch (parameter.in) {
    case 'query':
      return request.query.get(name) ?? [];
    case 'cookie':
      return request.cookies.get(name) ?? [];
    case 'header': {
      const value = request.header(name.toLowerCase());
      return value === undefined ? [] : [value];
    }
    default: {
      const segment = request.segment(param);
      if (segment === undefined) return [];
      if (style === 'label') return [segment.replace(/^\./, '')];
      // What was parted by semicolons stands as if it were parted by commas.
      return [
        style === 'matrix'
          ? segment
              .replace(/^;/, '')
              .replaceAll(explode ? `;${name}=` : ';', ',')
              .replace(`${name}=`, '')
          : segment,
      ];
    }
  }
}

export function scalarText(parameter: ParameterSpec, raw: string): string {
  return decoderOf(parameter)(raw);
}

export function itemTexts(parameter: ParameterSpec, raws: readonly string[]): string[] {
  const decode = decoderOf(parameter);
  const isRepeated = parameter.explode && (parameter.in === 'query' || parameter.in === 'cookie');
  if (isRepeated) return raws.map(decode);
  return raws.flatMap((raw) => (raw === '' ? [] : raw.split(separatorOf(parameter)).map(decode)));
}

function separatorOf({ style, explode }: ParameterSpec): RegExp {
  if (style === 'spaceDelimited') return /%20|\+| /;
  if (style === 'pipeDelimited') return /\||%7C/i;
  return style === 'label' && explode ? /\./ : /,/;
}

/** Members of an object; null: nothing of it is there. `names`: those that it is known to have. */
export function memberTexts(
  parameter: ParameterSpec,
  request: RequestTexts,
  names: readonly string[],
): Member[] | null {
  const decode = decoderOf(parameter);
  if (parameter.style === 'deepObject') return found(deepMembers(parameter.name, request.query, decode));
  if (parameter.explode && (parameter.in === 'query' || parameter.in === 'cookie')) {
    // They stand under their own names, and only those that are known can be told from other parameters.
    const texts = parameter.in === 'query' ? request.query : request.cookies;
    return found(names.flatMap((name) => (texts.get(name) ?? []).map((raw): Member => [name, decode(raw)])));
  }
  const raws = rawTexts(parameter, request);
  if (raws.length === 0) return null;
  const parts = raws.flatMap((raw) => (raw === '' ? [] : raw.split(separatorOf(parameter))));
  if (parameter.explode)
    return parts.map((part): Member => {
      const equals = part.indexOf('=');
      return equals < 0 ? [decode(part), ''] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))];
    });
  const members: Member[] = [];
  for (let index = 0; index < parts.length; index += 2)
    members.push([decode(parts[index] ?? ''), decode(parts[index + 1] ?? '')]);
  return members;
}

const found = (members: Member[]): Member[] | null => (members.length === 0 ? null : members);

/** `name[member]`, and `name[member][]` as some clients write lists. */
function deepMembers(name: string, query: RawTexts, decode: (raw: string) => string): Member[] {
  const members: Member[] = [];
  for (const [key, raws] of query) {
    if (!key.startsWith(`${name}[`)) continue;
    const inner = key.slice(name.length).match(/^\[([^[\]]*)\](?:\[\])?$/)?.[1];
    if (inner !== undefined) for (const raw of raws) members.push([inner, decode(raw)]);
  }
  return members;
}
