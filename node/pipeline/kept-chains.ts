/**
 * The chains of a node from one snapshot to the next. A chain is made of its route and of what it asks the services while it is
 * compiled: its upstream, its limiters, its budgets. Where the next snapshot has the route as it was, and every question has the
 * same answer still, the chain would come out the same, so it goes on: the change of one route costs one chain, and not ten thousand.
 *
 *   begin ──▶ goingOn(routes): the very routes, upstreams and gateway as before? ──yes──▶ all of them, and no chain is asked
 *         ──▶ of(route): as before and answered as before? ──yes──▶ the same chain
 *                                                          └──no──▶ compiled, its questions remembered
 *         ──▶ matching(routes, chains): all as before? the same matching. All asked for as before? the same tree of paths
 *         ──▶ use, once the snapshot is in force             (one that is refused is forgotten)
 *
 * To ask again is not for nothing: stores forget first what was asked for longest ago, and a chain in force must not be that. Where only
 * consumers have changed nothing new comes into the stores, so none of them forgets; only who looked at a secret is asked whether that is another.
 *
 * What chains ask while they serve (an upstream's other targets, a gateway's limits) they ask of the snapshot in force. Chains that are
 * made of other chains, or of what is compiled for a snapshot as a whole (models, tools, contracts), are compiled anew each time.
 */
import { isSameValue } from '@weir/proto/snapshot/same-value.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { compilingTree, type Matcher, matcherOf, type RouteTree } from '../route/router.js';
import type { Work } from '../time/slices.js';
import { type Answered, AskedServices } from './asked-services.js';
import type { Dispatch } from './dispatch.js';
import type { ChainServices } from './services.js';

export type CompileRoute = (route: RouteSpec, services: ChainServices) => Dispatch;

/** Each route by the chain of this snapshot, and which route takes a request. */
export interface Chains {
  /** Of a snapshot of the very same routes, upstreams and gateway: the chains that go on, by their places. Null: each has to be asked for. */
  goingOn(routes: readonly RouteSpec[], services: ChainServices): readonly (Dispatch | null)[] | null;
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
  readonly tree: RouteTree;
  readonly find: Matcher<Dispatch>;
}

/** Of the snapshot in force. */
interface InForce {
  readonly services: ChainServices;
  readonly kept: Map<string, Kept>;
  readonly matched: Matched | null;
  /** Of the chains what has to be asked although routes, upstreams and gateway are the very same. */
  readonly ofTexts: Answered[];
  /** Those that are compiled anew each time. */
  readonly isAnew: ReadonlySet<Dispatch>;
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
    let kept = new Map<string, Kept>();
    let matched: Matched | null = null;
    let ofTexts: Answered[] = [];
    const isAnew = new Set<Dispatch>();
    const goingOn = (routes: readonly RouteSpec[], linked: ChainServices): readonly (Dispatch | null)[] | null => {
      if (!isAlike || former.matched === null || !isOfTheSame(former, routes, linked)) return null;
      const { dispatches } = former.matched;
      const isWhole = former.isAnew.size === 0;
      // Where each goes on, nothing is added to them.
      kept = isWhole ? former.kept : new Map(former.kept);
      ofTexts = isWhole ? former.ofTexts : [...former.ofTexts];
      if (isWhole) return dispatches;
      return dispatches.map((dispatch) => (former.isAnew.has(dispatch) ? null : dispatch));
    };
    const of = (route: RouteSpec, linked: ChainServices): Dispatch => {
      const before = known.get(route.id);
      const chain = before !== undefined && goesOn(before, route, linked) ? before : this.#compiled(route, linked);
      // Of the next snapshot's own object, so that what is compared next time is as likely the same one.
      kept.set(route.id, chain.route === route ? chain : { ...chain, route });
      if (chain.answered === null) isAnew.add(chain.dispatch);
      else for (const answered of chain.answered) if (answered.isOfText) ofTexts.push(answered);
      return chain.dispatch;
    };
    function* matching(routes: readonly RouteSpec[], dispatches: readonly Dispatch[]): Work<Matcher<Dispatch>> {
      const before = former?.matched ?? null;
      const isSame = before !== null && areSame(before.routes, routes) && areSame(before.dispatches, dispatches);
      if (isSame) {
        matched = before;
        return before.find;
      }
      const tree = yield* compilingTree(routes, before?.tree ?? null);
      matched = { routes, dispatches, tree, find: matcherOf(tree, routes, dispatches) };
      return matched.find;
    }
    return { goingOn, of, matching, taken: () => ({ services, kept, matched, ofTexts, isAnew }) };
  }

  /** By the routes in force; null while there are none. */
  get find(): Matcher<Dispatch> | null {
    return this.#inForce?.matched?.find ?? null;
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

/** Upstreams that are the very same are found by the same function (upstream/registry.ts). */
function isOfTheSame(
  { services, matched, ofTexts }: InForce,
  routes: readonly RouteSpec[],
  next: ChainServices,
): boolean {
  const isSame =
    matched?.routes === routes &&
    services.upstreams.get === next.upstreams.get &&
    services.credentials === next.credentials &&
    services.offersReuse === next.offersReuse;
  return isSame && ofTexts.every(({ ask, answer }) => ask(next) === answer);
}

/** The very same, in their order. */
function areSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one === other || (one.length === other.length && one.every((value, at) => value === other[at]));
}

function goesOn({ route, answered }: Kept, next: RouteSpec, services: ChainServices): boolean {
  if (answered === null || !isSameValue(route, next)) return false;
  return answered.every(({ ask, answer }) => ask(services) === answer);
}
