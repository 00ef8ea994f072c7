/**
 * What a node would refuse to compile, said with its place in the file before any node sees it: redirects that lead
 * nowhere, prefixes that no path has, header values that can't be sent, keys that verify no token. The rules are the
 * node's own, shared through proto/http; a node still checks, for it believes no snapshot.
 */
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import { parametersOf } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';
import { isSendableValue } from '@weir/proto/http/headers.js';
import { whyNotLocation } from '@weir/proto/http/location.js';
import { matchablePath } from '@weir/proto/http/request-path.js';

export interface SendableKnowledge {
  /** A text with its references filled, or null while one is missing. */
  readonly fill: (template: string) => string | null;
  /** Why these algorithms can't verify with this public key, or null. */
  readonly whyNotKey: (pem: string, algorithms: readonly string[]) => string | null;
}

export function lintSendable({ gateway, routes, consumers }: Draft, known: SendableKnowledge): Finding[] {
  const exporting = gateway?.tracing?.headers ?? [];
  return [
    ...lintFields(exporting, ['gateway', 'tracing', 'headers'], known),
    ...lintFields(gateway?.accessLog.headers ?? [], ['gateway', 'accessLog', 'headers'], known),
    ...routes.flatMap((route, index) => (route === null ? [] : lintRoute(route, ['routes', index], known))),
    ...consumers.flatMap((consumer, index) =>
      (consumer?.jwt ?? []).flatMap((signer, at) => lintKey(signer, ['consumers', index, 'jwt', at], known)),
    ),
  ];
}

function lintRoute(route: Route, path: Path, known: SendableKnowledge): Finding[] {
  const { request, response } = route.headers;
  return [
    ...lintRedirect(route, [...path, 'redirect']),
    ...lintPaths(route, [...path, 'rewrite']),
    ...lintFields(request.set, [...path, 'headers', 'request', 'set'], known),
    ...lintFields(request.add, [...path, 'headers', 'request', 'add'], known),
    ...lintFields(response.set, [...path, 'headers', 'response', 'set'], known),
    ...lintFields(response.add, [...path, 'headers', 'response', 'add'], known),
    ...lintFields(route.respond?.headers ?? [], [...path, 'respond', 'headers'], known),
    ...lintKeys(route, [...path, 'auth'], known),
  ];
}

function lintRedirect({ redirect, match }: Route, path: Path): Finding[] {
  if (redirect === undefined) return [];
  const why = whyNotLocation(redirect.to);
  if (why !== null)
    return [findError(path, `${JSON.stringify(redirect.to)} ${why}`, 'write https://example.com/path or /path')];
  const names = [...parametersOf(match.path), 'path', 'query'];
  const unknown = [...redirect.to.matchAll(/\{([^{}]*)\}/g)].find(([, name = '']) => !names.includes(name));
  if (unknown === undefined) return [];
  const cure = `use ${names.map((name) => `{${name}}`).join(', ')}`;
  return [findError(path, `${unknown[0]} is not a parameter of the route's path`, cure)];
}

function lintPaths({ rewrite }: Route, path: Path): Finding[] {
  if (rewrite === undefined) return [];
  const stripped = typeof rewrite.stripPrefix === 'string' ? rewrite.stripPrefix : rewrite.replacePrefix?.from;
  // Parameters stand for harmless words here; what they will hold is looked at with each request.
  const sent = [rewrite.replacePrefix?.with, rewrite.path?.replace(/\{[^{}]*\}/g, 'x')];
  const ambiguous = [stripped, ...sent].find((each) => each !== undefined && matchablePath(each) === null);
  if (ambiguous === undefined) return [];
  const message = `${JSON.stringify(ambiguous)} holds what servers read in two ways, so no request has it or gets it`;
  return [findError(path, message, 'write the path without dot segments, backslashes and control characters')];
}

function lintFields(
  fields: readonly (readonly [name: string, value: string | readonly string[]])[],
  path: Path,
  { fill }: SendableKnowledge,
): Finding[] {
  return fields.flatMap(([name, value]) => {
    const values = [value].flat().map(fill);
    if (values.every((each) => each === null || isSendableValue(each))) return [];
    // The value is not shown: it may be a secret.
    const cure = 'use one line of ASCII; percent-encode the rest, in variables as well';
    return [findError([...path, name], `the value of ${name} cannot be sent in a header field`, cure)];
  });
}

function lintKeys({ auth }: Route, path: Path, known: SendableKnowledge): Finding[] {
  return auth.flatMap(({ jwt }, index) => (jwt === undefined ? [] : lintKey(jwt, [...path, index, 'jwt'], known)));
}

interface Signer {
  readonly publicKey?: string | undefined;
  readonly algorithms?: readonly string[] | undefined;
}

function lintKey({ publicKey, algorithms = [] }: Signer, path: Path, { whyNotKey }: SendableKnowledge): Finding[] {
  if (publicKey === undefined) return [];
  const why = whyNotKey(publicKey, algorithms);
  const cure = 'give the public key that the issuer signs with, and the algorithms of its kind';
  return why === null ? [] : [findError(path, why, cure)];
}
