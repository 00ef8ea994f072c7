/**
 * Keeps a service of a team from who is signed in at the console (proto/http/own-cookies.ts): none of its layers, and so neither a contract nor a hash nor
 * its upstream, gets to see these cookies, and none of its answers sets them, whoever below has written it: an upstream, a model, an edit of
 * the route, a cookie that is to be sticky. What a route is chosen by is kept from it by the router.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { mayHold, sketchOf } from '@weir/proto/http/name-sketch.js';
import { setsOwnCookie, withoutOwnCookieFields } from '@weir/proto/http/own-cookies.js';
import type { Place } from '../pipeline/chain.js';
import { withFewerHeaders } from '../pipeline/derived-request.js';
import { editedResponse } from '../pipeline/edited-response.js';

const COOKIE = sketchOf('cookie');

export const ownCookies: Place = (route) => {
  if (route.isManaged !== true) return null;
  return (next) => (request, handler) => {
    const { headers } = request;
    const left = mayHold(request.names, COOKIE) ? withoutOwnCookieFields(headers) : headers;
    return next(left === headers ? request : withFewerHeaders(request, left), editedResponse(handler, othersAlone));
  };
};

/** The same list where it sets none of them, which is the usual case. */
function othersAlone(headers: HeaderList): HeaderList {
  if (!headers.includes('set-cookie')) return headers;
  const isOwn = (at: number): boolean => headers[at] === 'set-cookie' && setsOwnCookie(headers[at + 1] ?? '');
  return headers.filter((_, i) => !isOwn(i - (i % 2)));
}
