/** Steady load on the nodes of a cluster in a process of its own; see load-apart.ts, which starts it with its settings as JSON. */
import type { LoadSettings } from './load-apart.js';
import { startSpreadLoad } from './spread-load.js';

const { ports, perSecond, keys, withinMs }: LoadSettings = JSON.parse(process.argv[2] ?? '{}'); // Written by load-apart.ts.
const load = startSpreadLoad(ports, {
  perSecond,
  // Every other one is of what is kept.
  pathOf: (number) => (number % 2 === 0 ? `/kept/${number % keys}` : `/past/${number}`),
  withinMs,
});
process.once('message', () => {
  void load.stop().then(() => process.send?.(load.take(), () => process.exit()));
});
