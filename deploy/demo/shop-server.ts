/**
 * The shop of the demo: a server without trouble, as many are. It answers each question by itself, sends lists whole and plain, and says of some
 * answers that they may not be kept, and of others nothing. It counts what reaches it by kind, for whoever wants to compare.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What looking something up takes. */
const ANSWER_AFTER_MS = 20;
const CATALOGUE_ITEMS = 400;
const FEED_ITEMS = 200;
const SAYS_NO = 'no-store';

export interface ShopServer {
  /** Opens a port of the loopback and returns it. */
  listen(): Promise<number>;
  close(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly path: RegExp;
  /** Null: it says nothing. */
  readonly cacheControl: string | null;
  body(match: RegExpExecArray, query: URLSearchParams): unknown;
}

const product = (id: string) => ({
  id,
  name: `Product ${id}`,
  price: { amount: (Number(id) * 37) % 500, currency: 'EUR' },
});

const item = (index: number) => ({
  ...product(String(index)),
  sku: `SKU-${(index * 7_919) % 100_003}`,
  stock: (index * 31) % 97,
  description: `A thing of number ${index}, with ${(index * 13) % 29} uses, which its maker describes in more words than anybody reads on a phone.`,
  tags: [`t${index % 12}`, `u${index % 7}`],
});

/** Made once: what a shop sells does not change while one looks. */
const catalogue = { items: Array.from({ length: CATALOGUE_ITEMS }, (_, index) => item(index)) };

const kinds: readonly Kind[] = [
  {
    ...{ name: 'users', path: /^\/shop\/users\/(\d+)$/, cacheControl: SAYS_NO },
    body: ([, id]) => ({ id, name: `Customer ${id}`, since: 2_019 }),
  },
  {
    ...{ name: 'carts', path: /^\/shop\/carts\/(\d+)$/, cacheControl: SAYS_NO },
    body: ([, id]) => ({ user: id, lines: [{ product: '3', pieces: 2 }] }),
  },
  {
    ...{ name: 'offers', path: /^\/shop\/offers$/, cacheControl: SAYS_NO },
    body: (_match, query) => ({ user: query.get('user'), offers: ['3', '9'] }),
  },
  {
    ...{ name: 'products', path: /^\/shop\/products$/, cacheControl: SAYS_NO },
    body: (_match, query) => (query.get('ids') ?? '').split(',').map(product),
  },
  {
    ...{ name: 'products', path: /^\/shop\/products\/(\d+)$/, cacheControl: SAYS_NO },
    body: ([, id = '']) => product(id),
  },
  {
    ...{ name: 'reviews', path: /^\/shop\/reviews\/(\d+)$/, cacheControl: SAYS_NO },
    body: ([, id]) => ({ id, stars: Number(id) % 5, text: 'As described.' }),
  },
  { name: 'catalogue', path: /^\/shop\/catalogue$/, cacheControl: SAYS_NO, body: () => catalogue },
  {
    ...{ name: 'feed', path: /^\/shop\/feed$/, cacheControl: SAYS_NO },
    body: () => catalogue.items.slice(0, FEED_ITEMS),
  },
  {
    ...{ name: 'menus', path: /^\/shop\/menus\/([a-z]+)$/, cacheControl: null },
    body: ([, name]) => ({
      name,
      entries: Array.from({ length: 12 }, (_, n) => ({ title: `${name} ${n}`, path: `/${n}` })),
    }),
  },
];

export function createShopServer(): ShopServer {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    request.resume();
    response.on('error', () => {}); // The client has left; there is nobody to tell.
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop.test');
    if (pathname === '/counts') {
      send(response, 200, Object.fromEntries(counts), SAYS_NO);
      return;
    }
    for (const { name, path, cacheControl, body } of kinds) {
      const match = path.exec(pathname);
      if (match === null) continue;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      setTimeout(() => send(response, 200, body(match, searchParams), cacheControl), ANSWER_AFTER_MS);
      return;
    }
    send(response, 404, { error: 'there is no such thing' }, SAYS_NO);
  });
  server.keepAliveTimeout = 120_000;
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)); // It listens at an address.
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, value: unknown, cacheControl: string | null): void {
  if (response.destroyed) return;
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(cacheControl === null ? {} : { 'cache-control': cacheControl }),
  });
  response.end(body);
}
