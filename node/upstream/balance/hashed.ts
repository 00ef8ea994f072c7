/** The policies that keep a key with its target, over either table. A request without a key goes anywhere. */
import type { BalancePolicy } from '@weir/proto/snapshot/resilience.js';
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { Random } from '../../time/clock.js';
import type { Target } from '../target.js';
import { hash32, hashKeyOf, mix32, shareOf } from './hash.js';
import type { HashTable } from './hash-table.js';
import { maglev } from './maglev.js';
import type { Candidates, Policy } from './policy.js';
import { ringHash } from './ring-hash.js';
import { slowStartShare } from './slow-start.js';

export function hashed(spec: UpstreamSpec, targets: readonly Target[], random: Random): Policy {
  const table = tableOf(spec);
  const keyOf = hashKeyOf(spec.balance.hashBy);
  const { slowStartMs } = spec.balance;
  const hashOf = (request: GatewayRequest): number => {
    const key = keyOf(request);
    return key === undefined || key === '' ? Math.floor(random() * 0x1_0000_0000) : hash32(key);
  };
  return {
    draw: (request, salt) => shareOf(mix32(hashOf(request) ^ mix32(salt))),
    choose: (candidates, request, nowMs) =>
      ownerOf(hashOf(request), table, candidates, slowStartMs === 0 ? null : { targets, slowStartMs, nowMs }),
  };
}

interface SlowStart {
  readonly targets: readonly Target[];
  readonly slowStartMs: number;
  readonly nowMs: number;
}

/**
 * The target of the first place, from that of the hash on, whose target may be used. One that starts slowly takes only
 * keys below its share, by another hash of theirs: as it grows keys come to it, and none of them leaves again.
 */
function ownerOf(hash: number, table: HashTable, candidates: Candidates, slow: SlowStart | null): number {
  const order = slow === null ? 0 : shareOf(mix32(hash ^ SLOW_START_SALT));
  let fallback = -1;
  let place = table.placeOf(hash);
  let looks = 0;
  for (let i = 0; i < table.size; i += 1) {
    const position = table.targetAt(place);
    if (candidates.has(position)) {
      if (slow === null) return position;
      const wellSinceMs = slow.targets[position]?.health.wellSinceMs ?? Number.NEGATIVE_INFINITY;
      if (order < slowStartShare(wellSinceMs, slow.slowStartMs, slow.nowMs)) return position;
      // Where all of them start slowly, the one that comes first takes it after all.
      if (fallback === -1) fallback = position;
      looks += 1;
      if (candidates.count === 1 || looks === SLOW_START_LOOKS_MAX) break;
    }
    place = place + 1 === table.size ? 0 : place + 1;
  }
  return fallback === -1 ? (candidates.positions[0] ?? 0) : fallback;
}

const SLOW_START_SALT = 0x51_0057;

/** Places whose targets all start slowly that a key asks at, before it takes the first of them. */
const SLOW_START_LOOKS_MAX = 32;

/**
 * Tables that were made, so that a hundred routes to one upstream share one: a table is a pure function of the spec,
 * takes up to megabytes and milliseconds, and ends with it.
 */
const tables = new WeakMap<UpstreamSpec, HashTable>();

function tableOf(spec: UpstreamSpec): HashTable {
  const known = tables.get(spec);
  if (known !== undefined) return known;
  const made = builders[spec.balance.policy === 'maglev' ? 'maglev' : 'ring-hash'](spec.targets);
  tables.set(spec, made);
  return made;
}

const builders = { 'ring-hash': ringHash, maglev } as const satisfies Partial<Record<BalancePolicy, unknown>>;
