import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

const check = (parts: string, more = '', route = '') => {
  const text = `
upstreams: [{ id: shop, targets: "http://127.0.0.1:9001" }]
routes:
  - { id: users, match: { path: "/users/{id}", methods: [GET] }, upstream: shop }
  - { id: orders, match: /orders/*, upstream: shop }
  - { id: other, match: /other, compose: { parts: { a: { route: users, path: /users/1 } } } }
  - { id: page, match: "/pages/{id}", ${route} compose: { parts: { ${parts} } ${more} } }`;
  const checked = checkConfig(text, {}, (key) => key);
  return (checked.ok ? checked.warnings : checked.faults).map(
    ({ path, line, message }) => `${line} ${path}: ${message}`,
  );
};
const user = 'user: { route: users, path: "/users/{id}" }';
const orders = 'orders: { route: orders, path: /orders, query: { user: "{.user.id}" } }';

describe('compositions', () => {
  it.each([
    [user, ''],
    [`${user}, ${orders}`, ''],
    [`${user}, ${orders}`, ', merge: "{ name: .user.name, orders: .orders | map(.id) }"'],
    [`${user}, lines: { route: orders, path: "/orders/{.item}", forEach: .user.orders, when: .user.open }`, ''],
    ['make: { route: orders, method: POST, path: /orders, body: { user: "{id}", list: ["{.request.body.x}"] } }', ''],
    [`${user}, ${orders}`, ', merge: "{ e: .errors, s: .status.orders, u: .user }"'],
    [`${user}, b: { route: orders, path: /orders, needs: user, ifFails: { default: [] }, timeout: 1s }`, ''],
  ])('%s %s is sound', (parts, more) => {
    expect(check(parts, more)).toEqual([]);
  });

  it.each([
    ['user: { route: user, path: /users/1 }', '', 'user.route: there is no route "user"'],
    ['user: { route: orders, path: /order/1 }', '', 'user.path: the route orders does not take /order/1'],
    ['user: { route: users, path: "/users/{id}", method: PUT }', '', 'user.method: the route users takes GET'],
    ['user: { route: other, path: /other }', '', 'user.route: other asks other routes itself'],
    ['user: { route: page, path: /pages/1 }', '', 'user.route: page asks other routes itself'],
    ['user: { route: users, path: "/users/{name}" }', '', "{name} is not a parameter of the route's path"],
    [`${user}, b: { route: orders, path: "/orders/{.usr.id}" }`, '', 'there is no part `usr`'],
    [user, ', merge: .usr.name', 'merge: there is no part `usr`'],
    [user, ', merge: .request.parms.id', 'the request has no `parms`'],
    [
      'a: { route: orders, path: "/orders/{.b.x}" }, b: { route: orders, path: "/orders/{.a.x}" }',
      '',
      'parts wait for each other: a → b → a',
    ],
    ['a: { route: orders, path: /orders, needs: a }', '', 'a → a'],
    ['a: { route: orders, path: "/orders/{.item}" }', '', '`.item` is an element of a list'],
    ['a: { route: orders, path: "/orders/{size()}" }', '', 'looks at all parts at once'],
    ['a: { route: orders, path: /orders, forEach: { in: .request.body.a, max: 257 } }', '', 'must be from 1 to 256'],
    [
      'a: { route: orders, path: /orders, forEach: { in: .request.body.a, max: 250 } }, b: { route: orders, path: /orders, forEach: { in: .request.body.a, max: 7 } }',
      '',
      'this may become 257 requests',
    ],
    ['a: { route: orders, path: /orders, timeout: 31s }', '', 'can never fire'],
    ['a: { route: orders, path: /orders, body: x }', '', 'GET has no body'],
    ['item: { route: orders, path: /orders }', '', 'item stands for something else'],
    ['a-b: { route: orders, path: /orders }', '', '"a-b" cannot name a part'],
    ['__proto__: { route: orders, path: /orders }', '', '__proto__'],
    ['a: { route: orders, path: /orders?x=1 }', '', 'is not a path'],
    ['a: { route: orders, path: /orders, ifFails: nothing }', '', 'what stands for a part that has failed'],
    ['', '', '1 to 32 parts'],
    [`${user}, ${orders}`, ', merge: .user.name', 'nothing is made of orders'],
    [user, ', merge: ".user | regex(\\"x\\")"', 'is not one of those that may be used'],
  ])('%s %s: %s', (parts, more, finding) => {
    const found = check(parts, more).join('\n');
    expect(found).toContain(finding);
    expect(found).toMatch(/^7 /m);
  });

  it('says what a composition has not', () => {
    expect(check(user, '', 'hedge: true,').join()).toContain('`hedge` does nothing for a composition');
    expect(check(user, '', 'fallback: [{ respond: 200 }],').join()).toContain('no fallback of its own');
    expect(check(user, '', 'upstream: shop,').join()).toContain('the route has both `upstream` and `compose`');
    expect(check(user, '', 'rewrite: { path: /x },').join()).toContain('no path to rewrite');
  });
});
