/**
 * The CORS protocol of the Fetch standard (§3.3): says to browsers which other origins may use this route. The policy of
 * the route replaces whatever the upstream says about CORS.
 *
 * A preflight is answered here and never goes upstream, allowed or not: it carries no credentials, so nothing behind
 * this layer could judge it. For an origin that is not allowed the answer is the same 204 without the fields, which is
 * how a browser is told no.
 *
 * Credentials are granted only to origins that are named, exactly or by `https://*.example.com`, never through `*`.
 * Where the answer depends on the origin, it says so in Vary, also to requests that have none: a shared cache
 * would otherwise hand one origin's answer to another.
 */
import type { HeaderList, MutableHeaderList } from '@weir/proto/http/headers.js';
import { headerValue, listTokens } from '@weir/proto/http/headers.js';
import type { CorsSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Place } from '../pipeline/chain.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { editedResponse, type HeaderEdit } from '../pipeline/edited-response.js';
import { compileTrust } from '../route/origins.js';
import { preflightMethod } from '../route/router.js';

export const cors: Place = (route) => {
  if (route.cors === null) return null;
  const policy = compilePolicy(route.cors);
  const edit: HeaderEdit<HeaderList> = (headers, _of, grant) => withPolicy(headers, grant, policy.variesByOrigin);
  return (next) => (request, handler) => {
    const announced = preflightMethod(request);
    if (announced !== null) return answerDirectly(request, handler, 204, policy.preflight(request, announced));
    const origin = headerValue(request.headers, 'origin');
    const grant = origin === undefined ? [] : policy.grant(origin);
    return next(request, editedResponse(handler, edit, grant));
  };
};

interface Policy {
  readonly variesByOrigin: boolean;
  /** The fields that let a page of this origin read an answer; none for an origin that is not allowed. */
  grant(origin: string): HeaderList;
  preflight(request: GatewayRequest, announced: string): HeaderList;
}

const PREFLIGHT_VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

function compilePolicy(spec: CorsSpec): Policy {
  const allowOrigin = compileOrigins(spec);
  const exposed: HeaderList =
    spec.exposeHeaders.length === 0 ? [] : ['access-control-expose-headers', spec.exposeHeaders.join(', ')];
  const methods = spec.methods.join(', ');
  const names = spec.headers.join(', ');
  return {
    variesByOrigin: spec.origins.some((origin) => origin !== '*'),
    grant: (origin) => {
      const allowed = allowOrigin(origin);
      return allowed.length === 0 ? [] : [...allowed, ...exposed];
    },
    preflight: (request, announced) => {
      const list: MutableHeaderList = ['vary', PREFLIGHT_VARY];
      const allowed = allowOrigin(headerValue(request.headers, 'origin') ?? '');
      if (allowed.length === 0) return list;
      list.push(...allowed, 'access-control-allow-methods', methods === '' ? tokenList(announced) : methods);
      const asked = headerValue(request.headers, 'access-control-request-headers');
      const allowedNames = names === '' && asked !== undefined ? tokenList(asked) : names;
      if (allowedNames !== '') list.push('access-control-allow-headers', allowedNames);
      list.push('access-control-max-age', String(spec.maxAgeS));
      return list;
    },
  };
}

/** The origin part of a grant: the most trusting entry that holds for an origin, named ones first. */
function compileOrigins(spec: CorsSpec): (origin: string) => HeaderList {
  const trustOf = compileTrust(spec.origins);
  return (origin) => {
    const trust = trustOf(origin);
    if (trust === 'named') {
      const grant = ['access-control-allow-origin', origin];
      return spec.credentials ? [...grant, 'access-control-allow-credentials', 'true'] : grant;
    }
    return trust === 'anyone' ? ['access-control-allow-origin', '*'] : [];
  };
}

/** What a client asked for, as far as it is a list of tokens: it is echoed into a field of the answer. */
function tokenList(asked: string): string {
  return asked
    .split(',')
    .map((token) => token.trim())
    .filter((token) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(token))
    .join(', ');
}

function withPolicy(headers: HeaderList, grant: HeaderList, variesByOrigin: boolean): MutableHeaderList {
  const list: MutableHeaderList = [];
  let saysVary = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.startsWith('access-control-')) continue;
    const value = headers[i + 1] ?? '';
    if (name === 'vary') saysVary ||= listTokens(value).some((token) => token === 'origin' || token === '*');
    list.push(name, value);
  }
  if (variesByOrigin && !saysVary) list.push('vary', 'Origin');
  list.push(...grant);
  return list;
}
