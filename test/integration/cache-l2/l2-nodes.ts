/** Second levels of several nodes over one Redis, with the real clock, and responses to put into them. */
import type { L2, L2Body, L2Found, L2Offer } from '@weir/node/cache/l2/l2.js';
import { createRedisL2 } from '@weir/node/cache/l2/redis-l2.js';
import { markedPath, markedUrl, type PurgeSubject } from '@weir/node/cache/purge/marks.js';
import { bodyOf } from '@weir/node/cache/store/body.js';
import { storedOf } from '@weir/node/cache/stored.js';
import { makeCacheSpec } from '@weir/node/cache/testing/specs.js';
import { driveWheel, systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import { type CacheL2Spec, cacheL2Defaults } from '@weir/proto/snapshot/cache.js';
import { type Stage, until } from '../../support/stage.js';

/** Patient enough for a busy machine; tests of the limit itself say their own. */
export const patient: CacheL2Spec = {
  ...cacheL2Defaults,
  readTimeoutMs: 2_000,
  pieceTimeoutMs: 2_000,
  writeTimeoutMs: 2_000,
};

export function l2Node(stage: Stage, url: string, spec: Partial<CacheL2Spec> = {}): L2 {
  const timers = new TimerWheel(systemClock, (error) => {
    throw error;
  });
  stage.onEnd(driveWheel(timers));
  const l2 = createRedisL2({ url, clock: systemClock, timers, random: Math.random });
  l2.use({ ...patient, ...spec });
  stage.onEnd(() => l2.close());
  return l2;
}

export async function reached(l2: L2): Promise<void> {
  await until(
    () => l2.isReadable && l2.counts().writes === 'closed',
    () => `Redis is not reached: ${JSON.stringify(l2.counts())}`,
  );
}

export interface Made {
  readonly path?: string;
  readonly tags?: readonly string[];
  readonly headers?: readonly string[];
  /** Of the request. */
  readonly asked?: readonly string[];
  readonly body?: Uint8Array;
  readonly maxAgeS?: number;
}

export const keyOf = (path: string): string => `route\nhttp://a.example${path}`;

/** As if it had been fetched now, or since `generation` was taken. */
export function offerOf(l2: L2, made: Made = {}, generation = l2.generation()): L2Offer {
  const { path = '/x', tags = [], headers = [], asked = [], body = Buffer.from('hello'), maxAgeS = 60 } = made;
  const nowMs = systemClock.nowMs();
  const moments = { askedAtMs: nowMs, receivedAtMs: nowMs, receivedWallMs: systemClock.wallMs() };
  const all = ['content-type', 'text/plain', 'cache-control', `max-age=${maxAgeS}`, 'etag', '"1"', ...headers];
  const subject: PurgeSubject = {
    authority: 'a.example',
    path: markedPath(path),
    url: markedUrl('a.example', path, ''),
    tags,
  };
  return {
    key: keyOf(path),
    headers: asked,
    stored: storedOf(200, all, moments, makeCacheSpec()),
    subject,
    body: bodyOf([body], body.byteLength),
    generation,
  };
}

/** Written, and known to be. */
export async function keep(l2: L2, made: Made = {}, generation = l2.generation()): Promise<void> {
  const before = l2.counts().offers;
  if (!l2.keep(offerOf(l2, made, generation))) throw new Error('not taken');
  await settled(l2, Object.values(before).reduce((sum, count) => sum + count) + 1);
}

/** So many offers have become something. */
export async function settled(l2: L2, offers: number): Promise<void> {
  await until(
    () => Object.values(l2.counts().offers).reduce((sum, count) => sum + count) >= offers,
    () => JSON.stringify(l2.counts()),
  );
}

export async function textOf(found: L2Found | null): Promise<string | null> {
  if (found === null) return null;
  const body = await wholeBody(found.body);
  return body === null ? 'broken' : Buffer.concat(body).toString();
}

/** Null when a piece of it is not there any more. */
async function wholeBody(body: L2Body): Promise<Uint8Array[] | null> {
  const pieces = body.bytes === 0 ? [] : [body.first];
  for (let index = 1; index < body.pieces; index += 1) {
    const piece = await body.read(index);
    if (piece === null) return null;
    pieces.push(piece);
  }
  return pieces;
}

export const find = async (l2: L2, path = '/x', asked: readonly string[] = []): Promise<string | null> =>
  textOf(await l2.find(keyOf(path), asked));
