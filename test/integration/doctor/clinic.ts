/**
 * One provoked timeout from beginning to end: a real gateway in front of real servers with one fault, traffic until it
 * times out, the doctor's verdict as `weir doctor` gets it, the cure carried out, and the same traffic once more.
 */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Cause, Change, DoctorCase, DoctorReport } from '@weir/proto/events/doctor.js';
import { expect } from 'vitest';

import { type Gateway, startGateway } from '../../support/gateway.js';
import { onStage, type Stage, until } from '../../support/stage.js';
import { carriedOut, configChanges, inOneLine } from './prescription.js';

/** What a client saw. `timer`: the one that the gateway named, or `client` for its own. */
export interface Outcome {
  readonly status: number;
  readonly timer: string | null;
  readonly text: string;
  readonly tookMs: number;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** After so long without any byte the client leaves; 0: never. */
  readonly patienceMs?: number;
}

export interface Clinic {
  readonly weir: Gateway;
  ask(path: string, asked?: Asked): Promise<Outcome>;
  /** So many at once. */
  burst(count: number, path?: string, asked?: Asked): Promise<Outcome[]>;
  /** One after the other. */
  inTurn(count: number, path?: string, asked?: Asked): Promise<Outcome[]>;
  /** One after the other until so much time has passed. */
  trickle(forMs: number, path?: string): Promise<void>;
}

export interface Course {
  /** weir.yaml without its version. */
  readonly config: string;
  readonly cause: Cause;
  /** The rule that must have decided at least one of the cases; all that fired must have the cause. */
  readonly rule: string;
  readonly timer: string;
  /** Each change that is proposed, in order; advice counts as well. */
  readonly proposal: readonly (string | RegExp)[];
  /** Whether the doctor is to remember what came more than a moment before. */
  readonly hasHistory?: boolean;
  /** Traffic before anything is wrong. */
  before?(clinic: Clinic): Promise<unknown>;
  /** Traffic that must time out before the cure, and not after it. */
  traffic(clinic: Clinic): Promise<readonly Outcome[]>;
  /** Carries out what the doctor advises and no config holds; what it returns is the config then. */
  advised?(config: string): Promise<string> | string;
  /** Where the clients are who must change: their traffic after the cure. */
  afterwards?(clinic: Clinic): Promise<readonly Outcome[]>;
}

/** What "now" is where a course needs a "before"; by default half a minute. */
const SLICE_MS = 400;

export async function openClinic(config: string, hasHistory: boolean): Promise<Clinic> {
  const weir = await startGateway(config, {}, hasHistory ? { doctorSliceMs: SLICE_MS } : {});
  const ask: Clinic['ask'] = (path, asked = {}) => askOnce(`${weir.url}${path}`, asked);
  const inTurn: Clinic['inTurn'] = async (count, path = '/x', asked = {}) => {
    const outcomes: Outcome[] = [];
    while (outcomes.length < count) outcomes.push(await ask(path, asked));
    return outcomes;
  };
  return {
    weir,
    ask,
    inTurn,
    burst: (count, path = '/x', asked = {}) => Promise.all(Array.from({ length: count }, () => ask(path, asked))),
    async trickle(forMs, path = '/x') {
      const untilMs = performance.now() + forMs;
      while (performance.now() < untilMs) await inTurn(1, path);
    },
  };
}

/** Long enough for what was seen before to be "before". */
export const HISTORY_MS = 3 * SLICE_MS;

/** One agent for all: what a request costs here is taken from the gateway, which shares the loop. */
const agent = new Agent({ keepAlive: true });

function askOnce(url: string, { method = 'GET', headers = {}, patienceMs = 0 }: Asked): Promise<Outcome> {
  const fromMs = performance.now();
  return new Promise((resolve) => {
    const end = (status: number, timer: string | null, text: string): void =>
      resolve({ status, timer, text, tookMs: performance.now() - fromMs });
    const asking = request(url, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (part: string) => {
        text += text.length < TEXT_MAX ? part : '';
      });
      response.on('end', () => end(response.statusCode ?? 0, timerIn(response.headers, text), text));
      response.on('error', (error) => end(0, 'broken', String(error)));
    });
    asking.on('error', (error) =>
      end(0, asking.destroyed && error.message === LEFT ? 'client' : 'broken', String(error)),
    );
    if (patienceMs > 0) asking.setTimeout(patienceMs, () => asking.destroy(new Error(LEFT)));
    asking.end();
  });
}

const LEFT = 'the client left';
const TEXT_MAX = 4_096;

/** Of a problem document, which the gateway has written. */
function timerIn(headers: IncomingHttpHeaders, text: string): string | null {
  if (headers['content-type'] !== 'application/problem+json') return null;
  return (JSON.parse(text) as { timer?: string }).timer ?? null;
}

export async function reportOf({ weir }: Clinic): Promise<DoctorReport> {
  const { host, port } = weir.node.metricsAddress;
  // An exchange is looked at when its last attempt is over, which may be after its answer.
  await until(
    () => weir.node.status().exchanges === 0,
    () => 'an exchange does not end',
  );
  return (await (await fetch(`http://${host}:${port}/doctor`)).json()) as DoctorReport; // Written by the node.
}

const keyOf = ({ route, target, timer, kind, verdict }: DoctorCase): string =>
  [route, target, timer, kind, verdict.rule].join(' ');

/** What a failing test needs to be understood. */
function inWords(one: DoctorCase): string {
  const { verdict, count, examples } = one;
  const [record] = examples;
  return `${count}× ${keyOf(one)}: ${verdict.evidence.join('; ')}\n   ${JSON.stringify(record)}`;
}

/** A machine that lets this process stand still for so long is a cause of its own, and rightly found as such. */
const STOOD_STILL_MS = 80;
const TRIES_MAX = 4;

/** Follows a course to its end; once more where the machine stood still meanwhile and it came out otherwise. */
export async function follow(setUp: (stage: Stage) => Promise<Course> | Course): Promise<void> {
  const delays = monitorEventLoopDelay({ resolution: 10 });
  for (let tries = 1; ; tries += 1) {
    delays.reset();
    delays.enable();
    try {
      await onStage(async (stage) => followOnce(stage, await setUp(stage)));
      return;
    } catch (error) {
      if (tries === TRIES_MAX || delays.max / 1e6 < STOOD_STILL_MS) throw error;
    } finally {
      delays.disable();
    }
  }
}

async function followOnce(stage: Stage, course: Course): Promise<void> {
  const clinic = await openClinic(course.config, course.hasHistory === true);
  stage.onEnd(() => clinic.weir.close());
  await course.before?.(clinic);
  const ill = await course.traffic(clinic);
  expect(ill.filter(({ timer }) => timer !== null).length, 'nothing has timed out').toBeGreaterThan(0);
  const report = await reportOf(clinic);
  const config = await treated(course, changesFound(course, report));
  if (config !== course.config) await clinic.weir.reload(config);
  await expectWell(clinic, course, report);
  expect(clinic.weir.bugs).toEqual([]);
}

function changesFound(course: Course, { cases }: DoctorReport): readonly Change[] {
  const fired = cases.filter(({ kind }) => kind === 'fired');
  const seen = fired.map(inWords).join('\n');
  expect(
    fired.map(({ verdict }) => verdict.cause),
    seen,
  ).toEqual(fired.map(() => course.cause));
  const found = fired.find(({ verdict, timer }) => verdict.rule === course.rule && timer === course.timer);
  if (found === undefined) throw new Error(`no case of ${course.rule}:\n${seen}`);
  const { changes } = found.verdict;
  const proposal = course.proposal.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each)));
  expect(changes.map(inOneLine)).toEqual(proposal);
  return changes;
}

async function treated(course: Course, changes: readonly Change[]): Promise<string> {
  // Advice alone must be followed by somebody, else nothing was applied.
  const isCured = configChanges(changes).length > 0 || course.advised !== undefined || course.afterwards !== undefined;
  expect(isCured).toBe(true);
  const prescribed = carriedOut(course.config, changes);
  return (await course.advised?.(prescribed)) ?? prescribed;
}

async function expectWell(clinic: Clinic, course: Course, before: DoctorReport): Promise<void> {
  const well = await (course.afterwards ?? course.traffic)(clinic);
  expect(well.filter(({ status, timer }) => status >= 400 || timer !== null).slice(0, 2)).toEqual([]);
  const after = await reportOf(clinic);
  const counts = (of: DoctorReport): string[] => of.cases.map((each) => `${keyOf(each)} ${each.count}×`).sort();
  expect(counts(after)).toEqual(counts(before));
}
