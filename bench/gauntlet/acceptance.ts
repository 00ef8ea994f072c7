/** What Weir has to show in the gauntlet, as sentences that are met or not. Whoever did not run leaves them open. Pure. */
import type { GauntletPeer } from './peers.js';
import type { Result } from './results.js';
import { scenarios } from './scenarios.js';

export interface Verdict {
  readonly claim: string;
  /** null: not all that it needs was run. */
  readonly isMet: boolean | null;
  /** The figures that it was judged by. */
  readonly evidence: string;
}

const GOOD_SHARE_MIN = 0.999;
const CAPACITY_SHARE_MIN = 0.95;
const REFUSED_P99_MAX_MS = 20;
const AMPLIFICATION_MAX = 1.25;
const HEALTHY_RATIO_MAX = 1.05;
const STALL_P999_RATIO_MAX = 0.25;

/**
 * Judged by the tuned profile. A body that breaks off or trickles after its head has gone out can be saved by `protect`
 * alone, which is off by default because it holds answers back.
 */
const needProtect: readonly string[] = ['mid-body', 'trickling'];

/** Nobody promises an answer where no replica has one: these are shown, not judged. */
const answerableScenarios = scenarios.filter(({ answerable }) =>
  ['all', 'outside', 'unswallowed'].includes(answerable(1, 1).kind),
);

export function verdictsOf(results: readonly Result[]): Verdict[] {
  const find = (scenario: string, peer: GauntletPeer): Result | undefined =>
    results.find((result) => result.scenario === scenario && result.peer === peer);
  return [
    ...answerableScenarios.map(({ id }) => mostAreGood(id, find)),
    stallsAreHidden(find),
    midBodyIsWhole(find),
    ...['overload-1.3', 'overload-3'].flatMap((id) => [overloadIsServed(id, find), refusalIsFast(id, find)]),
    fewAreRepeated(results),
    noPostIsRepeated(results),
    healthyIsAsFast('p50Ms', find),
    healthyIsAsFast('p99Ms', find),
    reportIsHandedOver(find),
  ];
}

type Find = (scenario: string, peer: GauntletPeer) => Result | undefined;

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
const ms = (value: number): string => (Number.isNaN(value) ? 'none' : `${value.toFixed(value < 10 ? 2 : 0)} ms`);
const open = (claim: string): Verdict => ({ claim, isMet: null, evidence: 'not run' });

function mostAreGood(id: string, find: Find): Verdict {
  const peer: GauntletPeer = needProtect.includes(id) ? 'weir-tuned' : 'weir';
  const claim = `${id}: ${peer} answers at least ${percent(GOOD_SHARE_MIN)} of what could be answered`;
  const result = find(id, peer);
  if (result === undefined) return open(claim);
  return { claim, isMet: result.answerableShare >= GOOD_SHARE_MIN, evidence: percent(result.answerableShare) };
}

function stallsAreHidden(find: Find): Verdict {
  const claim = 'random-stalls: weir answers all, with a p99.9 below a quarter of HAProxy’s';
  const [weir, haproxy] = [find('random-stalls', 'weir'), find('random-stalls', 'haproxy')];
  if (weir === undefined || haproxy === undefined) return open(claim);
  const isMet = weir.goodShare === 1 && weir.p999Ms < STALL_P999_RATIO_MAX * haproxy.p999Ms;
  return { claim, isMet, evidence: `${percent(weir.goodShare)}, ${ms(weir.p999Ms)} beside ${ms(haproxy.p999Ms)}` };
}

function midBodyIsWhole(find: Find): Verdict {
  const claim = 'mid-body: weir-tuned (protect) answers all';
  const result = find('mid-body', 'weir-tuned');
  if (result === undefined) return open(claim);
  return { claim, isMet: result.goodShare === 1, evidence: percent(result.goodShare) };
}

/** The tuned profile is told beside it: its shorter timers act under overload as well. */
function besides(id: string, find: Find, figure: (result: Result) => string): string {
  const tuned = find(id, 'weir-tuned');
  return tuned === undefined ? '' : `; weir-tuned: ${figure(tuned)}`;
}

function overloadIsServed(id: string, find: Find): Verdict {
  const claim = `${id}: weir serves at least ${percent(CAPACITY_SHARE_MIN)} of what capacity allows`;
  const result = find(id, 'weir');
  if (result === undefined) return open(claim);
  const figure = ({ answerableShare }: Result): string => percent(answerableShare);
  const isMet = result.answerableShare >= CAPACITY_SHARE_MIN;
  return { claim, isMet, evidence: figure(result) + besides(id, find, figure) };
}

function refusalIsFast(id: string, find: Find): Verdict {
  const claim = `${id}: weir refuses in less than ${REFUSED_P99_MAX_MS} ms (p99), and nobody waits in vain`;
  const result = find(id, 'weir');
  if (result === undefined) return open(claim);
  const { timeout, broken } = result.endings;
  // No refusal at all is fast as well; a client that gave up was refused by nobody.
  const isFast = result.endings.error === 0 || result.errorP99Ms < REFUSED_P99_MAX_MS;
  const figure = (one: Result): string => `${ms(one.errorP99Ms)}, ${one.endings.timeout} timeouts`;
  return { claim, isMet: isFast && timeout + broken === 0, evidence: figure(result) + besides(id, find, figure) };
}

function fewAreRepeated(results: readonly Result[]): Verdict {
  const claim = `every scenario: at most ${AMPLIFICATION_MAX} upstream requests for each of a client`;
  const own = results.filter(({ peer }) => peer === 'weir' || peer === 'weir-tuned');
  const worst = own.toSorted((left, right) => right.amplification - left.amplification)[0];
  if (worst === undefined) return open(claim);
  const evidence = `at worst ${worst.amplification.toFixed(3)} (${worst.scenario}, ${worst.peer})`;
  return { claim, isMet: worst.amplification <= AMPLIFICATION_MAX, evidence };
}

function noPostIsRepeated(results: readonly Result[]): Verdict {
  const claim = 'every scenario: no POST that a replica has read is sent again';
  const own = results.filter(({ peer, scenario }) => peer.startsWith('weir') && scenario.startsWith('post-'));
  if (own.length === 0) return open(claim);
  const repeated = own.reduce((sum, result) => sum + result.repeatedPosts, 0);
  return { claim, isMet: repeated === 0, evidence: `${repeated} repeated` };
}

function healthyIsAsFast(figure: 'p50Ms' | 'p99Ms', find: Find): Verdict {
  const claim = `healthy: weir’s ${figure.slice(0, -2)} is at most 5 % above HAProxy’s`;
  const [weir, haproxy] = [find('healthy', 'weir'), find('healthy', 'haproxy')];
  if (weir === undefined || haproxy === undefined) return open(claim);
  const isMet = weir[figure] <= HEALTHY_RATIO_MAX * haproxy[figure];
  return { claim, isMet, evidence: `${ms(weir[figure])} beside ${ms(haproxy[figure])}` };
}

function reportIsHandedOver(find: Find): Verdict {
  const claim = 'report-40s: weir hands over and every answer is collected whole';
  const result = find('report-40s', 'weir');
  if (result === undefined) return open(claim);
  return { claim, isMet: result.goodShare === 1, evidence: `${result.endings.later} of ${result.sent} collected` };
}
