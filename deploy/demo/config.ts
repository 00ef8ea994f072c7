/** The configuration that stands in front of the sample upstreams. Its comments are for those who open the file. */

export interface DemoConfig {
  /** `host:port` of the gateway. */
  readonly listen: string;
  /** Base URLs of the upstreams' lanes behind Weir. */
  readonly targets: readonly string[];
  /** Base URL of the shop, which is always well: its trouble is how it is asked. */
  readonly shop: string;
  readonly deadlineMs: number;
}

/** What the way from client to gateway and back may take of the client's deadline. */
const MARGIN_MS = 200;
/** Longer than the slowest good answer (900 ms), short enough for another attempt. */
const FIRST_BYTE_MS = 1_000;

export function demoConfig({ listen, targets, shop, deadlineMs }: DemoConfig): string {
  return `# Made by weir up --demo, in front of sample upstreams that take turns in being in trouble.
version: 1
gateway:
  listen: ${listen}
  accessLog: { enabled: false } # the table has the terminal
upstreams:
  - id: orders
    # What balances, ejects and breaks the circuit is on by itself: the target with the best latency of two at random is
    # asked, and one that fails five times in a row is left alone for a while.
    # One target in trouble holds so many connections at most, and so many requests wait for it.
    pool: { connections: 32, queue: 64 }
    targets:
${targets.map((url) => `      - { url: "${url}" }`).join('\n')}
  - { id: shop, targets: ["${shop}"] }
routes:
  - id: orders
    match: { path: /orders/* }
    upstream: orders
    # Trying again on another target is on by itself, too. A second attempt starts beside a first one that is slower than
    # usual, and short answers are held back until they are whole, so that one which breaks off can be tried again.
    hedge: true
    protect: true
    # The clients give up after ${deadlineMs} ms. What cannot be answered well is answered before that, with a name.
    timeouts: { total: ${deadlineMs - MARGIN_MS}ms, queue: 250ms, connect: 250ms, firstByte: ${FIRST_BYTE_MS}ms }
  # A shop without trouble, whose app asks more often and for more than it needs: weir doctor tells what would help.
  - { id: shop-users, match: "/shop/users/{id}", upstream: shop }
  - { id: shop-carts, match: "/shop/carts/{id}", upstream: shop }
  - { id: shop-offers, match: /shop/offers, upstream: shop }
  - { id: shop-products, match: "/shop/products/{id}", upstream: shop }
  - { id: shop-reviews, match: "/shop/reviews/{id}", upstream: shop }
  - { id: shop-catalogue, match: /shop/catalogue, upstream: shop }
  - { id: shop-feed, match: /shop/feed, upstream: shop }
  - { id: shop-menus, match: "/shop/menus/{name}", upstream: shop }
`;
}
