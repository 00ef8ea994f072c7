/**
 * The chains of a node from one snapshot to the next. A chain is made of its route and of what it asks the services while it is
 * compiled: its upstream, its limiters, its budgets. Where the next snapshot has the route as it was, and every question has the
 * same answer still, the chain would come out the same, so it goes on: the change of one route costs one chain, and not ten thousand.
 *
 *   begin ──▶ of(route): as before and answered as before? ──yes──▶ the same chain
 *                                                          └──no──▶ compiled, its questions remembered
 *         ──▶ matching(routes, chains): all as before? the same tree of paths
 *         ──▶ use, once the snapshot is in force             (one that is refused is forgotten)
 *
 * To ask again is not for nothing: stores forget first what was asked for longest ago, and a chain in force must not be that.
 *
 * What chains ask while they serve (an upstream's other targets, a gateway's limits) they ask of the snapshot in force. Chains that are
 * made of other chains, or of what is compiled for a snapshot as a whole (models, tools, contracts), are compiled anew each time.
 */
import { isSameValue } from '@weir/proto/snapshot/same-value.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { compilingMatcher, type Matcher } from '../route/router.js';
import type { Work } from '../time/slices.js';
import { type Answered, AskedServices } from './asked-services.js';
import type { Dispatch } from './dispatch.js';
import type { ChainServices } from './services.js';

export type CompileRoute = (route: RouteSpec, services: ChainServices) => Dispatch;

/** Each route by the chain of this snapshot, and which route takes a request. */
export interface Chains {
  of(route: RouteSpec, services: ChainServices): Dispatch;
  matching(routes: readonly RouteSpec[], dispatches: readonly Dispatch[]): Work<Matcher<Dispatch>>;
}

interface Kept {
  readonly route: RouteSpec;
  readonly dispatch: Dispatch;
  /** Null: it asked for what belongs to its snapshot alone. */
  readonly answered: readonly Answered[] | null;
}

interface Matched {
  readonly routes: readonly RouteSpec[];
  readonly dispatches: readonly Dispatch[];
  readonly find: Matcher<Dispatch>;
}

/** Of the snapshot in force. */
interface InForce {
  readonly services: ChainServices;
  readonly kept: ReadonlyMap<string, Kept>;
  readonly matched: Matched | null;
}

/** The chains of one snapshot, while it is compiled. */
export interface SnapshotChains extends Chains {
  /** What of it goes on: not the closures above, which hold the snapshot before it. */
  taken(): InForce;
}

export class KeptChains {
  readonly #compile: CompileRoute;
  readonly #asked = new AskedServices();
  #inForce: InForce | null = null;

  constructor(compile: CompileRoute) {
    this.#compile = compile;
  }

  begin(services: ChainServices): SnapshotChains {
    const former = this.#inForce;
    const isAlike = former !== null && isSameValue(former.services.gateway, services.gateway);
    const known = isAlike ? former.kept : new Map<string, Kept>();
    const kept = new Map<string, Kept>();
    let matched: Matched | null = null;
    const of = (route: RouteSpec, linked: ChainServices): Dispatch => {
      const before = known.get(route.id);
      const chain = before !== undefined && goesOn(before, route, linked) ? before : this.#compiled(route, linked);
      // Of the next snapshot's own object, so that what is compared next time is as likely the same one.
      kept.set(route.id, chain.route === route ? chain : { ...chain, route });
      return chain.dispatch;
    };
    function* matching(routes: readonly RouteSpec[], dispatches: readonly Dispatch[]): Work<Matcher<Dispatch>> {
      const before = former?.matched ?? null;
      const isSame = before !== null && areSame(before.routes, routes) && areSame(before.dispatches, dispatches);
      matched = isSame ? before : { routes, dispatches, find: yield* compilingMatcher(routes, dispatches) };
      return matched.find;
    }
    return { of, matching, taken: () => ({ services, kept, matched }) };
  }

  use(chains: SnapshotChains): void {
    this.#inForce = chains.taken();
    this.#asked.use(this.#inForce.services);
  }

  #compiled(route: RouteSpec, services: ChainServices): Kept {
    const asked = this.#asked.while(services, (seen) => this.#compile(route, seen));
    if (asked !== null) return { route, dispatch: asked.made, answered: asked.answered };
    // One that is never kept has the services of its snapshot themselves.
    return { route, dispatch: this.#compile(route, services), answered: null };
  }
}

/** The very same, in their order. */
function areSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one === other || (one.length === other.length && one.every((value, at) => value === other[at]));
}

function goesOn({ route, answered }: Kept, next: RouteSpec, services: ChainServices): boolean {
  if (answered === null || !isSameValue(route, next)) return false;
  return answered.every(({ ask, answer }) => ask(services) === answer);
}
