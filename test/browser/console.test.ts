import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage, overflowOf, violationsOf, type Watched } from '../support/browser.js';
import { ensureBuilt } from '../support/built.js';
import { Stage } from '../support/stage.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import { AtConsole } from './people-at-console.js';
import { takePicture } from './pictures.js';

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 400, height: 800 };

const stage = new Stage();
let weir: WeirUp;
let browser: Browser;
/** With the session of an operator. */
let operator: BrowserContext;

beforeAll(async () => {
  await ensureBuilt();
  const upstream = createServer((_request, response) => response.end('hello'));
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  stage.onEnd(() => void upstream.close());
  const { port } = upstream.address() as AddressInfo; // It listens on a port.
  weir = await weirUp(stage, configFor(port));
  browser = await openBrowser();
  stage.onEnd(() => browser.close());
  const { page } = await openPage(browser, weir.admin, WIDE, 'light');
  const password = /admin with password (\S+)/.exec(weir.said())?.[1] ?? '';
  await new AtConsole(page, weir.admin).signIn('admin', password, 'five words in a row');
  operator = page.context();
}, 300_000);

afterAll(() => stage.clear());

const configFor = (port: number): string => `version: 1
gateway: { listen: 127.0.0.1:0 }
upstreams:
  - { id: app, targets: [http://127.0.0.1:${port}] }
routes:
  - { id: everything, match: /*, upstream: app, cache: { ttl: 1m } }
`;

async function addressesOf({ page }: Watched): Promise<string[]> {
  await page.goto(`${weir.admin}/`);
  await page.waitForSelector('nav');
  return page.$$eval('nav a[href^="#"]', (links) => links.map((link) => link.getAttribute('href') ?? ''));
}

async function open({ page }: Watched, address: string): Promise<void> {
  await page.goto(`${weir.admin}/${address}`);
  await page.waitForSelector('h1');
  while ((await page.getByRole('status').filter({ hasText: '…' }).count()) > 0) await page.waitForTimeout(50);
}

describe('the console', () => {
  const looks = [
    ['wide and light', WIDE, 'light'],
    ['wide and dark', WIDE, 'dark'],
    ['narrow and light', NARROW, 'light'],
    ['narrow and dark', NARROW, 'dark'],
  ] as const;

  it.each(looks)(
    'is whole, %s: every page fits, breaks no policy, asks no other host, and axe has nothing serious',
    async (look, size, scheme) => {
      const watched = await openPage(browser, weir.admin, size, scheme, operator);
      const addresses = await addressesOf(watched);
      expect(addresses.length).toBeGreaterThan(12);
      for (const address of addresses) {
        await open(watched, address);
        await takePicture(watched.page, `${look} ${address}`.replace(/[^\w]+/g, '-'));
        expect([address, await overflowOf(watched.page)]).toEqual([address, 0]);
        expect([address, await violationsOf(watched.page)]).toEqual([address, []]);
      }
      expect(watched.foreign).toEqual([]);
      expect(watched.complaints).toEqual([]);
      await watched.page.context().close();
    },
  );

  it('lets nothing run that stands in the page, and cannot be framed', async () => {
    const { page, complaints } = await openPage(browser, weir.admin, WIDE, 'light');
    const answer = await page.goto(`${weir.admin}/`);
    const policy = answer?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    await page.evaluate(`{
      const script = document.createElement('script');
      script.textContent = 'globalThis.planted = true';
      document.head.append(script);
    }`);
    expect(await page.evaluate('globalThis.planted === undefined')).toBe(true);
    expect(complaints.join()).toMatch(/Content Security Policy/);
    await page.context().close();
  });

  it('is walked through by keyboard: skip link first, then the page has the focus', async () => {
    const { page } = await openPage(browser, weir.admin, WIDE, 'light', operator);
    await page.goto(`${weir.admin}/`);
    await page.waitForSelector('nav');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('MAIN');
    await page.context().close();
  });
});
