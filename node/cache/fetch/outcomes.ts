/** What becomes of answers beyond the node's memory: those that are kept are shared, of the others it is noted why. */

import type { L2Offer, Lease } from '../l2/l2.js';
import type { PurgeSubject } from '../purge/marks.js';
import type { Refusal } from '../refusals.js';
import { type RouteCache, sharedKey } from '../route-cache.js';
import { supersedes } from '../storability.js';
import type { Question } from './waiter.js';

/** It is noted why, and what is stored ends where the answer has taken its place. */
export function notKept(
  route: RouteCache,
  { entry, key }: Question,
  { url }: PurgeSubject,
  why: Refusal,
  status: number,
): void {
  const { node, clock, observer } = route;
  if (entry !== null && supersedes(why, status)) {
    node.l1.drop(entry);
    node.second?.l2.forget(sharedKey(route, key));
  }
  node.refusals.note(url, why, status, clock.wallMs());
  observer.notStored(why);
}

/** With the other nodes, where there is a second level; the lease ends with what is written. */
export function shareWithNodes(
  route: RouteCache,
  { key, request }: Question,
  lease: Lease | null,
  kept: Pick<L2Offer, 'stored' | 'body' | 'subject' | 'generation'>,
): void {
  const held = lease === null ? {} : { lease };
  route.node.second?.l2.keep({ key: sharedKey(route, key), headers: request.headers, ...kept, ...held });
}
