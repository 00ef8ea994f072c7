/**
 * Answers with another place to look. `{name}` and `{*}` are the parameters of the match, `{path}` the path in its
 * normal form, `{query}` the query; a `?` or `&` right before an empty query is dropped.
 *
 * A redirect must not be steered to a place that its author did not mean. So a value that stands in the host of the
 * location may hold only what one label of a name holds, and a location without a scheme is made to begin with exactly one
 * slash: neither `//evil.example` nor `https:evil.example` can be made of a path.
 */
import { failure } from '@weir/proto/http/failures.js';
import { splitLocation, whyNotLocation } from '@weir/proto/http/location.js';
import { matchablePath } from '@weir/proto/http/request-path.js';
import type { Place } from '../pipeline/chain.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import { type GatewayRequest, nothingToCancel } from '../pipeline/dispatch.js';
import { fillTemplate, parametersOf, parseTemplate, type TemplatePart } from '../route/template.js';

export const redirect: Place = (route) => {
  if (route.action.kind !== 'redirect') return null;
  const { status, location } = route.action;
  const known = new Set([...parametersOf(route.match), 'path', 'query']);
  const locate = compileLocation(location, known);
  return () => (request, handler) => {
    const target = locate(request);
    if (target !== null) return answerDirectly(request, handler, status, ['location', target]);
    handler.onError(failure('bad_request', 'no location can be made of this path'));
    return nothingToCancel;
  };
};

/** Null: a value does not fit where it would stand. */
type Locate = (request: GatewayRequest) => string | null;

const HOST_LABEL = /^[A-Za-z0-9-]+$/;

function compileLocation(location: string, known: ReadonlySet<string>): Locate {
  const why = whyNotLocation(location);
  if (why !== null) throw new Error(`${JSON.stringify(location)} ${why}`);
  const { scheme, authority, behind } = splitLocation(location);
  const hostParts = parseTemplate(authority, known);
  const pathParts = parseTemplate(behind, known);
  return (request) => {
    const rest = fill(pathParts, request);
    // What follows a host as a path must not be able to prolong it: `https://a.example{*}` and `.evil.example`.
    if (scheme === '') return `/${rest.replace(/^\/+/, '')}`;
    const host = fillHost(hostParts, request);
    return host === null ? null : scheme + host + (rest === '' || /^[/?#]/.test(rest) ? rest : `/${rest}`);
  };
}

function fillHost(parts: readonly TemplatePart[], request: GatewayRequest): string | null {
  let fits = true;
  const host = fillTemplate(parts, (name) => {
    const value = valueFor(name, request);
    fits &&= HOST_LABEL.test(value);
    return value;
  });
  return fits ? host : null;
}

function fill(parts: readonly TemplatePart[], request: GatewayRequest): string {
  const text = fillTemplate(parts, (name) => valueFor(name, request));
  return request.query === '' && endsWithQuery(parts) ? text.replace(/[?&]$/, '') : text;
}

function endsWithQuery(parts: readonly TemplatePart[]): boolean {
  const last = parts.at(-1);
  return last !== undefined && 'name' in last && last.name === 'query';
}

function valueFor(name: string, request: GatewayRequest): string {
  if (name === 'path') return matchablePath(request.path) ?? '/';
  if (name === 'query') return sendable(request.query);
  return request.exchange.params[name] ?? '';
}

/** A query may hold anything that the listener lets through; in a field it must be visible ASCII. */
function sendable(query: string): string {
  // Half a surrogate pair can't be encoded; it is shown as what it is, an error.
  // A backslash is a slash to browsers: `/\host` would lead away.
  return query.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[^\x21-\x5b\x5d-\x7e]+/g, encodeURIComponent);
}
