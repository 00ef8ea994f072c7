/**
 * Limits of the route, at two places of its chain: how often, and how many at once. Every answer, refusals included, states the
 * policies and what is left (limit/ratelimit-fields.ts). So does the 202 of a job, which is given above this layer:
 * `exchange.limitFields` is for that.
 *
 * A strict limit waits for Redis, for as long as it says. What the other limits of the place refuse is not asked there; what they
 * have come to refuse while it answered has cost the strict one a request, which errs on the side of the limit.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { LimitSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { OWN_CONSUMERS } from '../auth/own-consumers.js';
import { type BoundLimit, bindLimits, judge, keysOf, untaken } from '../limit/bound-limits.js';
import { HeldPlaces } from '../limit/held-places.js';
import type { LimitVerdict } from '../limit/limiter.js';
import { compileRateLimit, policyField, policyNames, wholeSeconds } from '../limit/ratelimit-fields.js';
import type { StrictAnswer } from '../limit/strict-counter.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  type Layer,
  nothingToCancel,
  type ResponseHandler,
} from '../pipeline/dispatch.js';
import { editedResponse, type HeaderEdit } from '../pipeline/edited-response.js';
import { goOnLater } from '../pipeline/late-dispatch.js';
import type { ChainServices } from '../pipeline/services.js';

/** Limits by route, address or header: above authenticate, so that guessing credentials is limited as well. */
export const limitCallers: Place = (route, services) =>
  limitBy(
    route,
    services,
    route.limits.filter((spec) => !needsConsumer(spec)),
  );

/** Limits by consumer, and those that are for some consumers: below authenticate, which says who that is. */
export const limitConsumers: Place = (route, services) => {
  const specs = route.limits.filter(needsConsumer);
  return specs.some(({ consumers }) => consumers !== undefined)
    ? limitSome(route, services, specs)
    : limitBy(route, services, specs);
};

const needsConsumer = ({ by, consumers }: LimitSpec): boolean => by === 'consumer' || consumers !== undefined;

/** Consumers differ in few ways: by the plans that they have. */
const COMBINATIONS_MAX = 256;
/** So that a combination is a whole number that is exact. */
const LIMITS_MAX = 50;

/** Each combination of limits that a consumer may have is a layer of its own, as if the route had those alone. */
function limitSome(route: RouteSpec, services: ChainServices, specs: readonly LimitSpec[]): Layer {
  if (specs.length > LIMITS_MAX) throw new Error(`route "${route.id}": more than ${LIMITS_MAX} limits of consumers`);
  const reaches = specs.map(({ consumers }) =>
    consumers === undefined ? null : services.credentials.admits(consumers),
  );
  return (next) => {
    const dispatches = new Map<number, Dispatch>([[0, next]]);
    const dispatchOf = (combination: number): Dispatch => {
      const chosen = specs.filter((_, i) => Math.floor(combination / 2 ** i) % 2 === 1);
      const dispatch = limitBy(route, services, chosen)?.(next) ?? next;
      if (dispatches.size < COMBINATIONS_MAX) dispatches.set(combination, dispatch);
      return dispatch;
    };
    return (request, handler) => {
      const { consumerId, vouchedBy } = request.exchange;
      // What others vouch for is none of the gateway's own consumers, whatever its name.
      const own = vouchedBy === OWN_CONSUMERS ? consumerId : null;
      let combination = 0;
      for (let i = 0; i < reaches.length; i += 1) {
        const admits = reaches[i];
        if (admits === null || (admits !== undefined && own !== null && admits(own))) combination += 2 ** i;
      }
      return (dispatches.get(combination) ?? dispatchOf(combination))(request, handler);
    };
  };
}

type Verdicts = readonly (LimitVerdict | null)[];

function limitBy(route: RouteSpec, services: ChainServices, specs: readonly LimitSpec[]): Layer | null {
  if (specs.length === 0) return null;
  const names = policyNames(specs);
  const policies = policyField(names, specs);
  const limits = bindLimits(route, specs, services.limiters);
  const hasHolds = limits.some(({ holds }) => holds !== null);
  const rateLimit = compileRateLimit(names, specs);
  const edit = statingLimits(policies);
  const refused = (verdicts: Verdicts): Failure => {
    const refusing = verdicts.findIndex((verdict) => verdict?.allowed === false);
    const waitMs = verdicts.reduce(
      (most, verdict) => (verdict?.allowed === false ? Math.max(most, verdict.retryAfterMs) : most),
      0,
    );
    const retryAfterS = Math.max(1, wholeSeconds(waitMs));
    const detail = `the limit "${names[refusing]}" of this route is reached`;
    return failure('rate_limited', detail, { retryAfterS, headers: edit([], 'failure', rateLimit(verdicts)) });
  };
  return (next) => {
    const proceed = (request: GatewayRequest, handler: ResponseHandler, keys: string[], verdicts: Verdicts): Cancel => {
      if (!verdicts.every((verdict) => verdict?.allowed !== false)) {
        handler.onError(refused(verdicts));
        return nothingToCancel;
      }
      const left = rateLimit(verdicts);
      const { exchange } = request;
      if (exchange.noJob !== null) exchange.limitFields = edit(exchange.limitFields, 'response', left);
      if (!hasHolds) return next(request, editedResponse(handler, edit, left));
      const held = new HeldPlaces(handler, () => {
        for (const [i, { holds }] of limits.entries()) holds?.giveBack(keys[i] ?? '');
      });
      held.cancelNext = next(request, editedResponse(held, edit, left));
      return held.cancel;
    };
    const { clock } = services;
    if (limits.some(({ strict }) => strict !== null)) {
      const unavailable = (keys: readonly string[]): Failure => {
        const left = rateLimit(limits.map((limit, i) => peekOwn(limit, keys[i] ?? '', clock.nowMs())));
        const headers = edit([], 'failure', left);
        return failure('limit_unavailable', 'Redis does not answer in time', { retryAfterS: 1, headers });
      };
      return (request, handler) => {
        const keys = keysOf(limits, request);
        const own = limits.map((limit, i) => peekOwn(limit, keys[i] ?? '', clock.nowMs()));
        // Nobody need wait for Redis to be refused.
        if (own.some((verdict) => verdict?.allowed === false)) return proceed(request, handler, keys, own);
        const proceedWith = (answer: StrictAnswer, ear: ResponseHandler): Cancel => {
          const verdicts = settle(limits, keys, answer, clock.nowMs());
          if (verdicts !== null) return proceed(request, ear, keys, verdicts);
          ear.onError(unavailable(keys));
          return nothingToCancel;
        };
        return goOnLater(askRedis(limits, keys), handler, proceedWith, uncheckable);
      };
    }
    return (request, handler) => {
      const keys = keysOf(limits, request);
      return proceed(request, handler, keys, judge(limits, keys, clock.nowMs()));
    };
  };
}

/** Adds both fields. Where there is much left of a quota, many answers with the same list say the same, and get one list. */
function statingLimits(policies: string): HeaderEdit<string> {
  const last: { headers: HeaderList | null; left: string; edited: HeaderList } = {
    headers: null,
    left: '',
    edited: [],
  };
  return (headers, _of, left) => {
    if (headers !== last.headers || left !== last.left) {
      // Spread and not concat, which takes twice as long.
      last.edited = [...headers, 'ratelimit-policy', policies, 'ratelimit', left];
      last.headers = headers;
      last.left = left;
    }
    return last.edited;
  };
}

/** What one that is not strict would say. */
function peekOwn({ strict, limiter }: BoundLimit, key: string, nowMs: number): LimitVerdict | null {
  return strict === null ? untaken(limiter.peek(key, nowMs)) : null;
}

function askRedis(limits: readonly BoundLimit[], keys: readonly string[]): Promise<StrictAnswer> {
  const strict = limits.flatMap((limit, i) =>
    limit.strict === null ? [] : [{ of: limit.strict, key: keys[i] ?? '' }],
  );
  const [first] = strict;
  if (first === undefined) return Promise.resolve({ ok: true, verdicts: [] });
  const asks = strict.map(({ of, key }) => of.ask(key));
  return first.of.counter.take(asks, Math.min(...strict.map(({ of }) => of.withinMs)));
}

const uncheckable = (cause: unknown): Failure =>
  failure('internal_error', 'the limits could not be checked', { cause });

/** Takes from those that are not strict, if Redis allows it. Null: Redis did not answer, and a limit does not go on without. */
function settle(
  limits: readonly BoundLimit[],
  keys: readonly string[],
  answer: StrictAnswer,
  nowMs: number,
): Verdicts | null {
  if (!answer.ok) return limits.some(({ strict }) => strict?.onLoss === 'closed') ? null : judge(limits, keys, nowMs);
  const strict = answer.verdicts.values();
  const asked = limits.map((limit) => (limit.strict === null ? null : (strict.next().value ?? null)));
  if (asked.some((verdict) => verdict?.allowed === false))
    return limits.map((limit, i) => asked[i] ?? peekOwn(limit, keys[i] ?? '', nowMs));
  const own = limits.flatMap((limit, i) => (limit.strict === null ? [{ limit, key: keys[i] ?? '' }] : []));
  if (own.length === 0) return asked;
  const taken = judge(
    own.map(({ limit }) => limit),
    own.map(({ key }) => key),
    nowMs,
  ).values();
  return asked.map((verdict) => verdict ?? taken.next().value ?? null);
}
