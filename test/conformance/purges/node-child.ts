/** A node of the test's cluster in a process of its own, so that it can be stopped in mid-air: what its parent says, it does. */
import { natsWay, startNode } from './world.js';

export type NodeOrder =
  | { readonly order: 'begin'; readonly id: string; readonly url: string; readonly key: string }
  | { readonly order: 'store'; readonly path: string; readonly tag: string }
  /** Whether it would be answered from what is stored now. */
  | { readonly order: 'look'; readonly number: number; readonly path: string };
export type NodeReport =
  | { readonly report: 'serving' }
  | { readonly report: 'looked'; readonly number: number; readonly isServed: boolean };

let node: ReturnType<typeof startNode> | null = null;
const tell = (report: NodeReport): void => void process.send?.(report, () => {});

process.on('message', (raw) => {
  const message = raw as NodeOrder; // Sent by the tests of this folder alone.
  switch (message.order) {
    case 'begin':
      node = startNode(message.id, natsWay(message.url, message.id, false), message.key);
      void node.isServing().then(() => tell({ report: 'serving' }));
      return;
    case 'store':
      node?.store(message.path, message.tag);
      return;
    case 'look':
      tell({ report: 'looked', number: message.number, isServed: node?.servesStored(message.path) ?? false });
  }
});
process.on('disconnect', () => process.exit(0));
