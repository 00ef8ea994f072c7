/**
 * A real browser, without a window: Debian's Chromium, driven by playwright-core. Every page of it is watched: what it asked of
 * which host, and what the browser complained of (a policy that was broken, a script that failed).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { programPath } from './programs.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Watched {
  readonly page: Page;
  /** Requests to other origins than its own. */
  readonly foreign: readonly string[];
  /** What the browser wrote to its console as errors, and what scripts threw. */
  readonly complaints: readonly string[];
}

/** The caller closes it. Its sandbox needs rights that containers don't give; it opens nothing but pages of the test. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: programPath('chromium'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/** `signedIn`: the cookies of a page on which somebody has. */
export async function openPage(
  browser: Browser,
  origin: string,
  size: Size,
  scheme: 'light' | 'dark',
  signedIn?: BrowserContext,
): Promise<Watched> {
  const context = await browser.newContext({
    ...{ viewport: size, colorScheme: scheme, reducedMotion: 'reduce' },
    ...(signedIn === undefined ? {} : { storageState: await signedIn.storageState() }),
  });
  const page = await context.newPage();
  const [foreign, complaints]: [string[], string[]] = [[], []];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:') && !url.startsWith('blob:')) foreign.push(url);
  });
  page.on('console', (message) => {
    // An answer of 4xx is told as an error too; the pages deal with those.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, foreign, complaints };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe holds to be serious or critical on the page as it is, each with the first element that it is about. */
export async function violationsOf(page: Page): Promise<string[]> {
  const found = await violationsNow(page);
  if (found.length === 0) return found;
  // A button that is enabled while axe reads the page has been seen grey and counts as enabled. What is wrong stays wrong.
  await page.waitForTimeout(CHANGING_MS);
  return violationsNow(page);
}

async function violationsNow(page: Page): Promise<string[]> {
  // Given to the browser's debugger, so the page's own policy stays as it is; and once, while one address of it follows another.
  if (await page.evaluate('globalThis.axe === undefined')) await page.evaluate(axe);
  return page.evaluate(async () => {
    // The script above has put it there.
    const { axe: library } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: AxeViolation[] }> };
    };
    // All rules are held against the page; what is well is only not described.
    const { violations } = await library.run({ resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  });
}

const CHANGING_MS = 1_000;

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** How far the page is wider than its window, in pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
