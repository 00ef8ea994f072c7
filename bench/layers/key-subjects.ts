/**
 * What it takes to check a key where there are ten of them, and where there are as many as a large house has: the layer for one caller again and
 * again, as traffic mostly is, and the look-up with every key in its turn, in which nothing that is remembered is of use.
 */
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { credentialFunctions } from '@weir/node/auth/credential-functions.js';
import { type Credentials, compileCredentials } from '@weir/node/auth/credentials.js';
import { authenticate } from '@weir/node/layers/authenticate.js';
import { compose } from '@weir/node/pipeline/dispatch.js';
import type { ChainServices } from '@weir/node/pipeline/services.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { API_KEY } from '../proxy/cases.js';
import type { Work } from './stopwatch.js';
import { answerAtOnce, driving, target } from './surroundings.js';

const COUNTS = [10, 100_000] as const;
const KEYS_EACH = 10;

/** The benchmark's own key, and such as control draws. */
const keyOf = (index: number): string => (index === 0 ? API_KEY : `weir_k_${String(index).padStart(49, '0')}`);

/** Applications of ten keys each, all with the same plan. */
function credentialsOf(count: number): Credentials {
  const consumers = Array.from({ length: count / KEYS_EACH }, (_, application) => ({
    id: `app-${application}`,
    keyHashes: Array.from({ length: KEYS_EACH }, (__, key) => sha256Hex(keyOf(application * KEYS_EACH + key))),
    ...({ basic: [], groups: ['shop.standard'], isManaged: true } as const),
  }));
  return compileCredentials(
    consumers,
    credentialFunctions(systemClock, (text) => text),
  );
}

/** As routes of services have it. */
const withPlan = (route: RouteSpec): RouteSpec => ({
  ...route,
  auth: route.auth.map((spec) => (spec.kind === 'apiKey' ? { ...spec, consumers: ['@shop.standard'] } : spec)),
});

function oneCaller(count: number, route: RouteSpec, services: ChainServices): Work {
  const layer = authenticate(withPlan(route), { ...services, credentials: credentialsOf(count) });
  if (layer === null) throw new Error('the route asks for a key');
  return driving(compose([layer], answerAtOnce), ['/orders/42', '/orders/7/items'], target);
}

/** Each time another one, far from the last: no cache of the processor holds all of them. */
function everyKey(count: number): Work {
  const { consumerOfKey } = credentialsOf(count);
  const keys = Array.from({ length: count }, (_, index) => keyOf((index * 7_919) % count));
  let next = 0;
  return (iterations) => {
    for (let i = 0; i < iterations; i += 1) {
      if (consumerOfKey(keys[next] ?? '') === null) throw new Error('a key is not known');
      next = next + 1 === count ? 0 : next + 1;
    }
  };
}

type Make = (services: { readonly chain: ChainServices }) => Work;

/** `route`: one that asks for a key. */
export const keyMakers = (route: RouteSpec): readonly (readonly [name: string, make: Make])[] =>
  COUNTS.flatMap((count): [string, Make][] => [
    [`keys: one caller, of ${count}`, ({ chain }) => oneCaller(count, route, chain)],
    [`keys: each in its turn, of ${count}`, () => everyKey(count)],
  ]);
