/** Which messages travel between control and one node, in which direction. */
import { type CacheFailed, cacheFailed, type Inspected, type InspectOrder, inspected, inspectOrder } from './cache.js';
import {
  type NodeCut,
  type NodeDrain,
  type NodeDrained,
  type NodeFailed,
  type NodeReady,
  nodeCut,
  nodeDrain,
  nodeDrained,
  nodeFailed,
  nodeReady,
} from './lifecycle.js';
import { type Decode, messageDecoder } from './message.js';
import {
  type SnapshotApplied,
  type SnapshotOffer,
  type SnapshotRefused,
  snapshotApplied,
  snapshotOffer,
  snapshotRefused,
} from './snapshot.js';
import { type StatusReport, statusReport } from './status.js';

export type ControlToNode = SnapshotOffer | NodeDrain | NodeCut | InspectOrder;
export type NodeToControl =
  | NodeReady
  | NodeFailed
  | NodeDrained
  | SnapshotApplied
  | SnapshotRefused
  | StatusReport
  | CacheAnswer;
/** What questions to the cache are answered with. */
export type CacheAnswer = Inspected | CacheFailed;

export const decodeControlToNode: Decode<ControlToNode> = messageDecoder<ControlToNode>({
  'snapshot.offer': snapshotOffer,
  'node.drain': nodeDrain,
  'node.cut': nodeCut,
  'cache.inspect': inspectOrder,
});

export const decodeNodeToControl: Decode<NodeToControl> = messageDecoder<NodeToControl>({
  'node.ready': nodeReady,
  'node.failed': nodeFailed,
  'node.drained': nodeDrained,
  'snapshot.applied': snapshotApplied,
  'snapshot.refused': snapshotRefused,
  'node.status': statusReport,
  'cache.inspected': inspected,
  'cache.failed': cacheFailed,
});
