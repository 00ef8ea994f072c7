import { expect, it } from 'vitest';
import { compileChain } from '../pipeline/chain.js';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { ownCookies } from './own-cookies.js';

const cookies = ['cookie', 'a=1; weir_session=s; b=2', 'cookie', 'weir_oidc=o', 'accept', '*/*'];

it('shows no service of a team who is signed in at the console, and lets none sign anybody in', () => {
  const layer = ownCookies(makeRoute({ isManaged: true }), makeServices());
  const bottom = scriptedDispatch();
  const handler = recordingHandler();
  layer?.(bottom.dispatch)(makeRequest({ headers: cookies }), handler);
  bottom.last().answer(200, ['set-cookie', 'weir_session=x; Path=/', 'set-cookie', 'c=3', 'etag', '"1"']);
  expect(bottom.last().request.headers).toEqual(['cookie', 'a=1; b=2', 'accept', '*/*']);
  expect(handler.headers).toEqual(['set-cookie', 'c=3', 'etag', '"1"']);
});

it('touches neither a request nor an answer that has none of them', () => {
  const layer = ownCookies(makeRoute({ isManaged: true }), makeServices());
  const bottom = scriptedDispatch();
  const request = makeRequest({ headers: ['cookie', 'a=1'] });
  layer?.(bottom.dispatch)(request, recordingHandler());
  expect(bottom.last().request).toBe(request);
});

it('is for services of teams: the operator may have the console behind a route', () => {
  expect(ownCookies(makeRoute(), makeServices())).toBeNull();
});

it('lets no edit, and no answer of the route itself, set one of them', () => {
  const setsOwn = { remove: [], set: [], add: [['set-cookie', 'weir_session=theirs; Path=/']] } as const;
  const headers = ['set-cookie', 'weir_oidc=theirs'];
  const answered = (isManaged: boolean): readonly string[] => {
    const route = makeRoute({
      ...{ responseHeaders: setsOwn, action: { kind: 'respond', status: 200, headers, body: 'x' } },
      ...(isManaged ? { isManaged } : {}),
    });
    const handler = recordingHandler();
    compileChain(route, makeServices())(makeRequest(), handler);
    return handler.headers.filter((_, i, all) => all[i - 1] === 'set-cookie');
  };
  expect(answered(false)).toEqual(['weir_oidc=theirs', 'weir_session=theirs; Path=/']);
  expect(answered(true)).toEqual([]);
});
