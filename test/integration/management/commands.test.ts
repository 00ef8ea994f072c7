/** The life of a service by commands alone, as a team would type them, against a real `weir up`. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { wholeApi } from '@weir/control/api/v1/testing/whole-api.js';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { ensureBuilt, weirProgram } from '../../support/built.js';
import { Stage, until } from '../../support/stage.js';
import { weirUp } from '../../support/weir-up.js';

const LONG_MS = 120_000;
let stage = new Stage();
beforeAll(ensureBuilt, 4 * LONG_MS);
afterEach(async () => {
  await stage.clear();
  stage = new Stage();
});

const documentOf = (port: number): string => `openapi: 3.1.0
info: { title: Shop, version: "1" }
servers: [{ url: "http://127.0.0.1:${port}" }]
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses: { "200": { description: ok } }
`;

async function start() {
  const origin = createServer((request, response) => response.end(request.url));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  stage.onEnd(() => void origin.close());
  const { port } = origin.address() as AddressInfo; // It listens at an address.
  const weir = await weirUp(
    stage,
    'gateway: { listen: "127.0.0.1:0", accessLog: false }\nroutes: [{ match: /ping, respond: { body: pong } }]',
  );
  const document = join(weir.folder, 'openapi.yaml');
  writeFileSync(document, documentOf(port));
  const env = { ...process.env, WEIR_ADMIN: weir.admin };
  const say = (...args: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const data = ['--data', join(weir.folder, 'state')];
      execFile(weirProgram, [...args, ...data], { env, cwd: weir.folder }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${args.join(' ')}: ${stderr}`)),
      );
    });
  const call = (id: string, key = '') =>
    fetch(`http://127.0.0.1:${weir.port}/shop/orders/${id}`, { headers: { 'x-api-key': key } });
  const becomes = (status: number, key = ''): Promise<void> =>
    until(
      async () => (await call('1', key)).status === status,
      () => `it is no ${status}`,
    );
  return { say, call, becomes, document, admin: weir.admin, origin: `http://127.0.0.1:${port}` };
}

it(
  'a service is made, published and called by one command, of a server or of a document',
  async () => {
    const { say, call, becomes, document, origin } = await start();
    const told = await say('services', 'quick', 'shop', origin);
    const [, key = ''] = /x-api-key: (weir_k_\S+)'/.exec(told) ?? [];
    expect(told).toContain('service shop of the team default is published');
    expect(told).toMatch(/curl -H 'x-api-key: \S+' http:\/\/127\.0\.0\.1:\d+\/shop\/$/m);
    await becomes(200, key);
    expect(await (await call('7', key)).text()).toBe('/orders/7');
    expect((await call('7')).status).toBe(401);
    const other = JSON.parse(await say('services', 'quick', 'store', document, '--json')) as {
      path: string;
      url: string;
    };
    expect([other.path, new URL(other.url).pathname]).toEqual(['/store/orders/{id}', '/store/orders/%7Bid%7D']);
    await expect(say('services', 'quick', 'x', 'no-such-file.yaml')).rejects.toThrow('does not exist');
    await expect(say('services', 'quick', 'shop', 'http://127.0.0.1:9')).rejects.toThrow('taken');
  },
  LONG_MS,
);

it(
  'a service is imported, published, subscribed to, called, deprecated and retired',
  async () => {
    const { say, call, becomes, document, admin } = await start();
    // What this serves is the table that the test of access walks through (control/api/v1/access-table.test.ts), row by row.
    const { paths } = (await (await fetch(`${admin}/v1/openapi.json`)).json()) as { paths: Record<string, object> };
    const served = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    const { routes } = await wholeApi();
    expect(served.sort()).toEqual([...routes.map(({ name }) => name), 'getDocument'].sort());
    for (const team of ['web', 'mobile']) await say('teams', 'add', team);
    await say('services', 'import', 'shop', document, '--team', 'web', '--visibility', 'organisation');
    expect(await say('services', 'check', 'shop')).toContain('/shop/orders/{id}');
    expect(await say('services', 'publish', 'shop', '--notes', 'first')).toContain('release 1');
    await becomes(401);
    await say('apps', 'add', 'phone', '--team', 'mobile');
    const [key = ''] = (await say('keys', 'add', 'phone')).split('\n');
    expect(key).toMatch(/^weir_k_/);
    const subscribed = JSON.parse(await say('subs', 'add', 'shop', 'phone', '--plan', 'default', '--json')) as {
      id: string;
    };
    await becomes(403, key);
    expect(await say('subs', 'approve', subscribed.id, '--opinion', 'welcome')).toContain('approved');
    await becomes(200, key);
    expect([await (await call('7', key)).text(), (await call('seven', key)).status]).toEqual(['/orders/7', 400]);
    await say('services', 'publish', 'shop', '--share', '10');
    expect(await say('services', 'live', 'shop', '1')).toContain('shop serves 1');
    await say('services', 'deprecate', 'shop', '--sunset', '2040-01-01', '--link', 'https://example.com/v2');
    await until(
      async () => (await call('1', key)).headers.has('deprecation'),
      () => 'it is not deprecated',
    );
    await say('services', 'retire', 'shop', '--successor', 'https://example.com/v2', '--force');
    await becomes(410, key);
    expect(await say('calls', '--service', 'shop', '--status', '4xx')).toContain('shop@1/getOrder');
    const audit = await say('audit', '--on', 'service shop');
    for (const what of ['service.publish', 'service.deprecate', 'service.retire']) expect(audit).toContain(what);
    expect(audit.includes(key) || readFileSync(join(document)).includes(key)).toBe(false);
    await expect(say('services', 'show', 'nothing')).rejects.toThrow('no such thing');
  },
  LONG_MS,
);
