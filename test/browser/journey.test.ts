import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage, overflowOf, violationsOf, type Watched } from '../support/browser.js';
import { ensureBuilt, root } from '../support/built.js';
import { Stage, until } from '../support/stage.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import { AtConsole } from './people-at-console.js';
import { takePicture } from './pictures.js';

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 400, height: 800 };

const stage = new Stage();
let weir: WeirUp;
let browser: Browser;
let pictured = 0;
let [server, mended] = ['', ''];

beforeAll(async () => {
  await ensureBuilt();
  [server, mended] = [await serverThatSays('one'), await serverThatSays('two')];
  weir = await weirUp(stage, CONFIG);
  browser = await openBrowser();
  stage.onEnd(() => browser.close());
}, 300_000);

afterAll(() => stage.clear());

const CONFIG = 'version: 1\ngateway: { listen: 127.0.0.1:0 }\nroutes: [{ match: /health, respond: { status: 200 } }]\n';

async function serverThatSays(word: string): Promise<string> {
  const upstream = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify([{ item: word, asked: request.url }]));
  });
  stage.onEnd(() => void upstream.close());
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`; // It listens on a port.
}

/** What the pages that are met on the way look like, and that none of them breaks a promise. */
async function look(page: Page, name: string): Promise<void> {
  pictured += 1;
  await takePicture(page, `${String(pictured).padStart(2, '0')}-${name}`);
  expect([name, await overflowOf(page)]).toEqual([name, 0]);
  expect([name, await violationsOf(page)]).toEqual([name, []]);
}

const call = (key: string | null, path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${weir.port}${path}`, key === null ? {} : { headers: { 'x-api-key': key } });

/** Changes are in force on nodes within a second of being acknowledged. */
async function inForce(
  key: string | null,
  isAsMeant: (answer: Response) => boolean | Promise<boolean>,
  path = '/shop/orders',
): Promise<void> {
  let last = '';
  await until(
    async () => {
      const answer = await call(key, path);
      last = `${answer.status}`;
      return isAsMeant(answer);
    },
    () => `the latest answer was ${last}`,
  );
}

describe('from a document to the end of a service, at the console', () => {
  let [operator, bob]: (Watched | null)[] = [null, null];
  const pageOf = (watched: Watched | null | undefined): Page => {
    if (!watched) throw new Error('nobody is there');
    return watched.page;
  };
  let key = '';
  let bobsPassword = '';

  it('an operator signs in with the password that was shown, chooses another, and makes two teams', async () => {
    const password = /admin with password (\S+)/.exec(weir.said())?.[1] ?? '';
    operator = await openPage(browser, weir.admin, WIDE, 'light');
    const at = new AtConsole(operator.page, weir.admin);
    await at.signIn('admin', password, 'five words in a row');
    await look(operator.page, 'overview');
    await at.newTeam('Sellers');
    await at.newTeam('Buyers');
    bobsPassword = await at.newUser('bob');
    await at.addMember('buyers', 'bob', 'developer');
    await look(operator.page, 'team');
  });

  it('a service is made of a document, gets a real server, and is published', async () => {
    const at = new AtConsole(pageOf(operator), weir.admin);
    await at.newServiceFromFile('sellers', 'Shop', join(root, 'test/browser/shop-openapi.yaml'), server);
    await look(at.page, 'draft');
    await at.tab('Summary');
    await at.page.getByLabel('Who finds it in the catalogue').selectOption('organisation');
    await at.press('Save');
    await at.page.getByText('The service is changed.').waitFor();
    await at.tab('Draft');
    await at.publish('The first one.', 'all');
    await inForce(null, ({ status }) => status === 401);
    await at.tab('Releases');
    await look(at.page, 'releases');
  });

  it('another team finds it, subscribes, is let in, and calls it with its key', async () => {
    bob = await openPage(browser, weir.admin, NARROW, 'dark');
    const at = new AtConsole(bob.page, weir.admin);
    await at.signIn('bob', bobsPassword, 'other words in a row');
    key = await at.newApplicationWithKey('Till');
    expect(key).toMatch(/^weir_k_/);
    await look(bob.page, 'application');
    await at.subscribe('shop', 'To sell.');
    await look(bob.page, 'catalogue');
    const owner = new AtConsole(pageOf(operator), weir.admin);
    await owner.open('/services/shop/subscribers');
    await owner.press('Approve');
    await owner.confirm('Approve');
    await inForce(key, ({ status }) => status === 200);
    await at.open('/catalogue/shop');
    expect(await at.tryOperation('GET /orders', key)).toContain('200');
    await look(bob.page, 'tried');
  });

  it('a second release is tried out on a few, and taken back', async () => {
    const at = new AtConsole(pageOf(operator), weir.admin);
    await at.open('/services/shop/draft');
    await at.page.getByLabel('Addresses, one a line').fill(mended);
    await at.page.getByText('not saved yet').waitFor();
    await at.publish('Another server.', 'few');
    await at.tab('Releases');
    await at.page.getByText('Release 2 beside release 1').waitFor();
    await look(at.page, 'canary');
    await at.press('Roll back to 1');
    await at.page.getByText('Rolled back to release 1.').waitFor();
    await inForce(key, async (answer) => (await answer.text()).includes('"one"'));
  });

  it('another service is published in one step, with a key that calls it at once', async () => {
    const at = new AtConsole(pageOf(operator), weir.admin);
    await at.open('/services/new');
    await look(at.page, 'new-service');
    await at.quickService('sellers', 'Fast', server);
    const fast = await at.page.getByRole('textbox', { name: 'The key' }).inputValue();
    expect(fast).toMatch(/^weir_k_/);
    await inForce(fast, ({ status }) => status === 200, '/fast/');
    await at.press('Call it now');
    await at.page.getByText(/200 after/).waitFor();
    await look(at.page, 'published-at-once');
  });

  it('one over models and one over a prompt are made by forms that tell what they come to as one types', async () => {
    const at = new AtConsole(pageOf(operator), weir.admin);
    const { page } = at;
    // Past the page of what was published there.
    await at.open('/services');
    await at.open('/services/new');
    await page.getByText('AI', { exact: true }).last().click();
    await page.getByLabel('Team that it belongs to').selectOption('sellers');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Desk');
    await page.getByText('team sellers has no secret OPENAI_API_KEY').waitFor();
    await page.getByLabel('The key itself (optional)').fill('sk-1');
    await page.getByLabel('Models').fill('smart = gpt-5, gpt-5-mini');
    await page.getByLabel('Tokens a day (optional)').fill('100000');
    await page.getByText('no faults').waitFor();
    await page.getByText('tokens: 100000/day').waitFor();
    await look(page, 'new-ai');
    await at.press('Make the draft');
    await page.getByText('The draft of Desk is there.').waitFor();
    await look(page, 'draft-ai');
    await at.open('/services/new');
    await page.getByText('Prompt', { exact: true }).last().click();
    await page.getByLabel('Team that it belongs to').selectOption('sellers');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Say');
    await page.getByRole('textbox', { name: 'Model', exact: true }).fill('desk/smart');
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Into {{to}}: {{text}}');
    await page.getByLabel('Type of text').waitFor();
    // Nothing of Desk is served yet.
    await page.getByText('there is no model desk/smart that this service may ask').waitFor();
    await look(page, 'new-prompt');
  });

  it('it is deprecated, which answers tell, and retired, which ends it', async () => {
    const at = new AtConsole(pageOf(operator), weir.admin);
    await at.open('/services/shop/life');
    await at.press('Deprecate');
    await at.confirm('Deprecate');
    await inForce(key, ({ headers }) => headers.get('deprecation') !== null);
    await look(at.page, 'deprecated');
    await at.press('Retire');
    await at.page.getByLabel('Also before its last day').check();
    await at.confirm('Retire');
    await inForce(key, ({ status }) => status === 410);
    await at.open('/audit');
    await look(at.page, 'audit');
    for (const watched of [operator, bob]) expect([watched?.foreign, watched?.complaints]).toEqual([[], []]);
  });
});
