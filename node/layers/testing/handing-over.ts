/** A request before `handOver`, with what is around it: clock, store, the chain below, the client. Only tests import this. */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { AsyncSpec } from '@weir/proto/snapshot/jobs.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { noProgress } from '../../jobs/job.js';
import { jobIds } from '../../jobs/job-id.js';
import type { JobStore } from '../../jobs/job-store.js';
import { createJobs } from '../../jobs/jobs.js';
import { createMemoryStore } from '../../jobs/memory-store.js';
import type { JobRun } from '../../jobs/running-job.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import {
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  type RecordingHandler,
  recordingHandler,
  scriptedDispatch,
} from '../../pipeline/testing/harness.js';
import { countingHex, makeGateway, makeRoute, makeServices } from '../../pipeline/testing/specs.js';
import { handOver } from '../hand-over.js';

export const spec: AsyncSpec = {
  prefer: true,
  afterMs: null,
  waitMs: 1_000,
  totalMs: 600_000,
  firstByteMs: 500_000,
  onLeave: 'cancel',
};
export const asking: HeaderList = ['prefer', 'respond-async, wait=2'];

/** Lets promises settle that need no more than a few turns. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
}

export interface Given {
  readonly route?: Partial<RouteSpec>;
  readonly request?: Partial<GatewayRequest>;
  /** What the store does otherwise than that in memory. */
  readonly store?: (memory: JobStore) => Partial<JobStore>;
  /** Holds the making of jobs back until the test lets it go on. */
  readonly create?: () => Promise<'created' | 'full'>;
  /** The client. */
  readonly handler?: RecordingHandler;
}

export function setUp({
  route = {},
  request = {},
  create,
  store: otherwise,
  handler = recordingHandler(),
}: Given = {}) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const memory = createMemoryStore(clock, () => ({ jobsMax: 10, ofOneMax: 10, bytesMax: 1_000_000 }));
  const store: JobStore = {
    kind: 'memory',
    create: (job) => (create === undefined ? memory.create(job) : create().then(() => memory.create(job))),
    apply: (id, event) => memory.apply(id, event),
    write: (id, index, piece) => memory.write(id, index, piece),
    read: (id, index) => memory.read(id, index),
    forget: (id) => memory.forget(id),
    onCancelled: () => {},
    sweep: () => memory.sweep(),
    counts: () => memory.counts(),
    close: () => memory.close(),
    ...otherwise?.(memory),
  };
  const ids = jobIds(countingHex());
  const bugs: unknown[] = [];
  const jobs = createJobs({ clock, timers, store, ids, onBug: (error) => void bugs.push(error) });
  const ended: GatewayRequest[] = [];
  const fired: string[] = [];
  const decided: string[] = [];
  const observer = {
    route: () => ({ ...makeServices().observer.route(''), jobEnded: (one: GatewayRequest) => void ended.push(one) }),
    timerFired: (timer: string) => void fired.push(timer),
    joined: () => {},
    decided: (decision: string) => void decided.push(decision),
  };
  const run = scriptedDispatch();
  const next = scriptedDispatch();
  const runRoutes: RouteSpec[] = [];
  const services = makeServices({ clock, timers, jobs, observer, gateway: makeGateway() });
  const { bodies } = services;
  const layer = handOver((compiled) => {
    runRoutes.push(compiled);
    return run.dispatch;
  })(makeRoute({ async: spec, ...route }), services);
  if (layer === null) throw new Error('this route hands over');
  const exchange = makeExchange({ receivedAtMs: clock.nowMs() });
  const asked = makeRequest({ headers: asking, exchange, ...request });
  const cancel = layer(next.dispatch)(asked, handler);
  return {
    clock,
    timers,
    jobs,
    memory,
    run,
    next,
    runRoutes,
    handler,
    exchange,
    cancel,
    ended,
    fired,
    decided,
    bodies,
    bugs,
  };
}

export const quietRun: JobRun = {
  ...{ routeId: 'r', owner: null, sharer: 'other', method: 'GET' },
  named: () => {},
  progress: () => noProgress,
  cancel: () => {},
  ended: () => {},
};

export const idOf = (headers: HeaderList): string => headerValue(headers, 'location')?.split('/').at(-1) ?? '';
