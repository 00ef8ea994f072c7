import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

const check = (tool: string, more = '', ofRoute = '') => {
  const text = `
upstreams: [{ id: shop, targets: "http://127.0.0.1:9001" }]
routes:
  - { id: orders, match: { path: "/orders/*", methods: [GET] }, upstream: shop }
  - { id: lines, match: "/a/{id}/b", upstream: shop }
  - { id: tools, match: /mcp, mcp: { tools: [${tool}] ${more} } ${ofRoute} }`;
  const checked = checkConfig(text, {}, (key) => key);
  return (checked.ok ? checked.warnings : checked.faults).map(({ path, message }) => `${path}: ${message}`);
};
const tool = (more: string): string => `{ name: t, description: d, ${more} }`;
const sound = tool('route: orders, path: "/orders/{id}"');

describe('tools that no request can be made of', () => {
  it.each([
    [sound],
    [tool('route: orders, path: /orders')],
    [tool('route: lines, method: PUT, path: "/a/{x}/b"')],
    [tool('route: lines, path: "/a/1/b", query: q')],
  ])('%s is sound', (text) => {
    expect(check(text)).toEqual([]);
  });

  it.each([
    [tool('route: order, path: /orders'), 'tools[0].route: there is no route "order"'],
    [tool('route: tools, path: /mcp'), 'route: a tool can not be a call of tools'],
    [tool('route: orders, method: POST, path: /orders'), 'method: the route orders takes GET, and not POST'],
    [tool('route: orders, path: /other'), 'path: the route orders does not take /other'],
    [tool('route: orders, path: "/{id}x/1"'), 'path: the route orders does not take'],
    [tool('route: lines, path: /a/1'), 'path: the route lines does not take /a/1'],
    [tool('route: lines, path: /a/1/b/c'), 'path: the route lines does not take /a/1/b/c'],
    [tool('route: orders, path: "/orders/../x"'), 'is not a path'],
    [tool('route: orders, path: "/orders/{id}", input: { type: object }'), 'the path has a place for id'],
    [tool('route: orders, path: /orders, input: { type: string }'), 'input: this is no schema of an object'],
    [tool('route: orders, path: /orders, output: { type: objekt }'), 'output: this is no JSON Schema'],
    [tool('route: orders, path: /orders, query: q, input: { type: object }'), 'query[0]: the schema has no argument q'],
    [`${sound}, ${sound}`, 'tools[1].name: the name t is taken'],
    ['', 'this route offers no tool'],
  ])('%s: %s', (text, finding) => {
    expect(check(text).join('\n')).toContain(finding);
  });

  it('names a prompt that there is not', () => {
    expect(check(sound, ', prompts: [gone]').join('\n')).toContain('mcp.prompts[0]: there is no prompt "gone"');
  });

  it.each([
    ['retry: false', 'retry'],
    ['hedge: true', 'hedge'],
    ['fallback: [{ respond: { status: 200 } }]', 'fallback'],
    ['protect: true', 'protect'],
    ['cache: true', 'cache'],
    ['async: true', 'async'],
    ['websocket: true', 'websocket'],
  ])('%s does nothing where tools are offered, and is told so', (setting, name) => {
    expect(check(sound, '', `, ${setting}`)).toEqual([
      expect.stringContaining(`routes[2].${name}: ${name} does nothing on a route of tools`),
    ]);
  });
});
