/** Program of the demo's shop, started by demo.ts with a channel to it. Lives as long as that channel. */
import type { ShopMessage } from './messages.js';
import { createShopServer } from './shop-server.js';

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

const message: ShopMessage = { kind: 'shop', port: await createShopServer().listen() };
process.send?.(message);
