/**
 * A design as YAML and back. The form and the text show the same value: whatever the form doesn't know stays as it was written. The
 * contract is a document of its own, and stands in neither. Pure.
 */

import { parseDocument, stringify } from 'yaml';
import type { Design } from '../../../model/entities.js';

export type ReadText =
  | { readonly ok: true; readonly design: Design }
  | { readonly ok: false; readonly line: number | null; readonly message: string };

export const emptyDesign: Design = { contract: '', upstreams: [], routes: [], validate: 'off', mock: false };

const MEMBERS = ['validate', 'mock', 'ai', 'upstreams', 'routes'] as const;
const VALIDATIONS = ['off', 'tell', 'refuse'] as const;

export function yamlOf({ validate, mock, ai, upstreams, routes }: Design): string {
  const own = ai === undefined ? {} : { ai };
  return stringify({ validate, mock, ...own, upstreams, routes }, { lineWidth: 0, aliasDuplicateObjects: false });
}

export function designFrom(text: string, contract: string): ReadText {
  const document = parseDocument(text, { prettyErrors: true, maxAliasCount: 0 } as Parameters<typeof parseDocument>[1]);
  const [error] = document.errors;
  if (error !== undefined)
    return { ok: false, line: error.linePos?.[0].line ?? null, message: firstLine(error.message) };
  const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (!isMapping(value)) return wrong('A design is a mapping with upstreams, routes and ai.');
  const unknown = Object.keys(value).find((key) => !(MEMBERS as readonly string[]).includes(key));
  if (unknown !== undefined) return wrong(`There is no ${unknown} here, but ${MEMBERS.join(', ')}.`);
  const { validate = 'off', mock = false, ai, upstreams, routes } = value;
  const known = VALIDATIONS.find((word) => word === validate);
  if (known === undefined) return wrong(`validate is one of ${VALIDATIONS.join(', ')}.`);
  if (typeof mock !== 'boolean') return wrong('mock is true or false.');
  const lists = [upstreams ?? [], routes ?? []];
  const [upstreamList, routeList] = lists;
  if (!Array.isArray(upstreamList) || !Array.isArray(routeList)) return wrong('upstreams and routes are lists.');
  if (ai !== undefined && !isMapping(ai)) return wrong('ai is a mapping, as in weir.yaml.');
  const own = ai === undefined ? {} : { ai };
  return { ok: true, design: { contract, validate: known, mock, upstreams: upstreamList, routes: routeList, ...own } };
}

const wrong = (message: string): ReadText => ({ ok: false, line: null, message });

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
