/**
 * Somebody with the app of the demo's shop. The app asks as many do: for a page by three calls, each after the other; for the products of a list
 * each by itself, all at once; for reviews one after the other; for the whole catalogue though it shows names; and for the same menus again and
 * again. Between two of these its user looks at the screen.
 *
 * What it meets is added up by step, so that before and after a change of the gateway, or of the app (`uses`), can be compared.
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export const shopSteps = ['page', 'products', 'reviews', 'catalogue', 'feed', 'menus'] as const;
export type ShopStep = (typeof shopSteps)[number];

export interface StepTally {
  times: number;
  requests: number;
  /** Of bodies, as they came over the wire. */
  bytes: number;
  /** Until the step had all that it needs. */
  waitMs: number;
  /** Answered with anything but 200. */
  failed: number;
}

export type ShopTally = Readonly<Record<ShopStep, StepTally>>;

/** Addresses that a newer app asks instead; null: it is not that new. */
export interface ShopUses {
  /** `/pages/…/{id}`, for all that a page needs. */
  readonly page: string | null;
  /** Takes all reviews as one batch. */
  readonly batch: string | null;
}

export const asksPlainly: ShopUses = { page: null, batch: null };

const LOOKS_AT_MS = 300;
const USERS = 50;
const PRODUCTS_OF_LIST = 8;
const REVIEWS = 6;
const MENUS = ['main', 'help', 'legal'] as const;
const ANSWER_WITHIN_MS = 5_000;

export interface ShopperOptions {
  readonly gateway: string;
  /** As the app calls itself. */
  readonly name: string;
  readonly uses: ShopUses;
  readonly random: () => number;
  readonly tally: ShopTally;
  isOver(): boolean;
}

const emptyStep = (): StepTally => ({ times: 0, requests: 0, bytes: 0, waitMs: 0, failed: 0 });

export function emptyShopTally(): ShopTally {
  return {
    ...{ page: emptyStep(), products: emptyStep(), reviews: emptyStep() },
    ...{ catalogue: emptyStep(), feed: emptyStep(), menus: emptyStep() },
  };
}

/** Goes on until it is over. */
export async function shop(options: ShopperOptions): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: PRODUCTS_OF_LIST });
  const upTo = (max: number): number => 1 + Math.floor(options.random() * max);
  // So that not all look at the same step at once.
  await sleep(LOOKS_AT_MS * options.random());
  while (!options.isOver()) {
    for (const step of shopSteps) {
      if (options.isOver()) break;
      await take(step, stepsOf(step, options.uses, upTo), options, agent);
      await sleep(LOOKS_AT_MS);
    }
  }
  agent.destroy();
}

interface Ask {
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls that are made at once stand together; the next ones wait for them. */
function stepsOf(
  step: ShopStep,
  { page, batch }: ShopUses,
  upTo: (max: number) => number,
): readonly (readonly Ask[])[] {
  switch (step) {
    case 'page': {
      const id = String(upTo(USERS));
      if (page !== null) return [[{ path: page.replace('{id}', id) }]];
      return [[{ path: `/shop/users/${id}` }], [{ path: `/shop/carts/${id}` }], [{ path: `/shop/offers?user=${id}` }]];
    }
    case 'products': {
      const first = upTo(USERS);
      return [Array.from({ length: PRODUCTS_OF_LIST }, (_, n) => ({ path: `/shop/products/${first + n}` }))];
    }
    case 'reviews': {
      const first = upTo(USERS);
      const paths = Array.from({ length: REVIEWS }, (_, n) => `/shop/reviews/${first + n}`);
      if (batch === null) return paths.map((path) => [{ path }]);
      return [[{ path: batch, body: JSON.stringify({ requests: paths.map((path) => ({ path })) }) }]];
    }
    case 'catalogue':
      return [[{ path: '/shop/catalogue?fields=items(id,name)' }]];
    case 'feed':
      return [[{ path: '/shop/feed', headers: { 'accept-encoding': 'gzip, br' } }]];
    case 'menus':
      return [[{ path: `/shop/menus/${MENUS[upTo(MENUS.length) - 1]}` }]];
  }
}

async function take(
  step: ShopStep,
  rounds: readonly (readonly Ask[])[],
  { gateway, name, tally }: ShopperOptions,
  agent: Agent,
): Promise<void> {
  const told = tally[step];
  const beganAtMs = performance.now();
  for (const round of rounds) {
    const answers = await Promise.all(round.map((one) => ask(`${gateway}${one.path}`, one, name, agent)));
    for (const { status, bytes } of answers) {
      told.requests += 1;
      told.bytes += bytes;
      if (status !== 200) told.failed += 1;
    }
  }
  told.times += 1;
  told.waitMs += performance.now() - beganAtMs;
}

/** Status 0: no whole answer. */
function ask(
  url: string,
  { body, headers = {} }: Ask,
  name: string,
  agent: Agent,
): Promise<{ status: number; bytes: number }> {
  return new Promise((resolve) => {
    const failed = (): void => resolve({ status: 0, bytes: 0 });
    const sent = {
      ...headers,
      'user-agent': name,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const asked = request(
      url,
      { agent, method: body === undefined ? 'GET' : 'POST', headers: sent, timeout: ANSWER_WITHIN_MS },
      (response: IncomingMessage) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes }));
        response.on('error', failed);
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', failed);
    asked.end(body);
  });
}
