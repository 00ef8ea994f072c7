import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from './schedule.js';
import { createShopServer, type ShopServer } from './shop-server.js';
import { asksPlainly, emptyShopTally, type ShopUses, shop, shopSteps } from './shopper.js';

let server: ShopServer | null = null;
afterEach(() => server?.close());

/** Goes through the shop until each step was taken. */
async function visit(uses: ShopUses) {
  server = createShopServer();
  const gateway = `http://127.0.0.1:${await server.listen()}`;
  const tally = emptyShopTally();
  const isOver = () => shopSteps.every((step) => tally[step].times > 0);
  await shop({ gateway, name: 'test', uses, random: seededRandom(1), tally, isOver });
  const counts: unknown = await (await fetch(`${gateway}/counts`)).json();
  return { tally, counts };
}

describe('a shopper', () => {
  it('asks as often, and for as much, as an app that was never looked at', async () => {
    const { tally, counts } = await visit(asksPlainly);
    expect(shopSteps.map((step) => [step, tally[step].requests, tally[step].failed])).toEqual([
      ...[
        ['page', 3, 0],
        ['products', 8, 0],
        ['reviews', 6, 0],
      ],
      ...[
        ['catalogue', 1, 0],
        ['feed', 1, 0],
        ['menus', 1, 0],
      ],
    ]);
    expect(counts).toEqual({ users: 1, carts: 1, offers: 1, products: 8, reviews: 6, catalogue: 1, feed: 1, menus: 1 });
    expect(tally.catalogue.bytes).toBeGreaterThan(64 * 1024);
  });

  it('asks once where it knows an address for all, and tells when that is not there', async () => {
    const { tally } = await visit({ page: '/pages/{id}', batch: '/batch' });
    expect([tally.page, tally.reviews]).toMatchObject([
      { requests: 1, failed: 1 },
      { requests: 1, failed: 1 },
    ]);
    expect(tally.products.failed).toBe(0);
  });
});
