/**
 * The clients, a process of its own: an open loop at a constant rate, each request with its own deadline. What was seen
 * is told to the runner over the channel when all is over.
 */
import { Agent } from 'node:http';
import { percentile } from '../../measure/statistics.js';
import { bodyOf, pathOf } from '../contents.js';
import { type Begin, type ClientReport, type Ending, isMessage, type LoadPlan, type Sample } from '../messages.js';
import { ask, type Question } from './ask.js';
import { collected, collectFrom, endingOf } from './ending.js';
import { countWithin, dueAtMs, waitFor } from './schedule.js';

const agent = new Agent({ keepAlive: true });
const tell = (report: ClientReport): void => void process.send?.(report);

/** Requests of the warm-up have indexes from here on, so that no path of theirs is asked for again. */
const WARMUP_INDEX = 1_000_000;
const WARMUP_CONNECTIONS = 8;
const WARMUP_PATIENCE_MS = 5_000;

/** How often a job is looked after, and for how long. */
const COLLECT_EVERY_MS = 1_000;
const COLLECT_WITHIN_MS = 60_000;

let plan: LoadPlan | null = null;

process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group; the runner ends this process when it has finished.
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (isMessage<LoadPlan>(message, 'plan')) {
    plan = message;
    warmUp(message);
  } else if (isMessage<Begin>(message, 'begin') && plan !== null) {
    runLoop(plan, message.atWallMs);
  }
});

const questionOf = ({ port, asked }: LoadPlan, index: number, patienceMs: number): Question => ({
  ...{ agent, port, asked, patienceMs },
  path: pathOf(asked.kind, index),
});

/** A closed loop over a few connections: as fast as it goes, since nothing of it is measured. */
function warmUp(load: LoadPlan): void {
  let sent = 0;
  let underWay = 0;
  const next = (): void => {
    if (sent >= load.warmupRequests) {
      if (underWay === 0) tell({ kind: 'warm' });
      return;
    }
    const index = WARMUP_INDEX + sent;
    sent += 1;
    underWay += 1;
    ask(questionOf(load, index, WARMUP_PATIENCE_MS), () => {
      underWay -= 1;
      next();
    });
  };
  for (let lane = 0; lane < Math.max(1, Math.min(WARMUP_CONNECTIONS, load.warmupRequests)); lane += 1) next();
}

function runLoop(load: LoadPlan, atWallMs: number): void {
  const { ratePerS, asked } = load;
  // One reading of the wall, which the runner shares; from then on the clock that never jumps.
  const zeroMs = performance.now() + (atWallMs - Date.now());
  const lead = countWithin(load.leadMs, ratePerS);
  const total = lead + countWithin(load.measureMs, ratePerS);
  const samples: Sample[] = [];
  const lateMs: number[] = [];
  let next = 0;
  let underWay = 0;

  const record = (dueMs: number, ending: Ending, status: number): void => {
    underWay -= 1;
    if (dueMs >= 0) samples.push({ dueMs, tookMs: performance.now() - zeroMs - dueMs, ending, status });
    if (next < total || underWay > 0) return;
    tell({ kind: 'samples', samples, lateP99Ms: percentile(lateMs, 0.99) });
    agent.destroy();
  };

  const send = (index: number, dueMs: number): void => {
    const sinceDueMs = performance.now() - zeroMs - dueMs;
    lateMs.push(sinceDueMs);
    underWay += 1;
    const question = questionOf(load, index, Math.max(1, asked.patienceMs - sinceDueMs));
    const expected = bodyOf(question.path);
    ask(question, (seen) => {
      const status = seen.kind === 'timeout' ? 0 : seen.status;
      const location = collectFrom(seen);
      if (location === null) record(dueMs, endingOf(seen, expected), status);
      else collect(load, location, expected, (ending) => record(dueMs, ending, status));
    });
  };

  const arrive = (): void => {
    while (next < total) {
      const dueMs = dueAtMs(next - lead, ratePerS);
      const wait = waitFor(dueMs - (performance.now() - zeroMs));
      if (wait !== 'now') {
        if (wait === 'spin') setImmediate(arrive);
        else setTimeout(arrive, wait);
        return;
      }
      const index = next < lead ? WARMUP_INDEX + load.warmupRequests + next : next - lead;
      next += 1;
      send(index, dueMs);
    }
  };
  arrive();
}

/** Looks after a job until its answer is there: the client has not got it in time, but it gets it whole. */
function collect(load: LoadPlan, location: string, expected: string, done: (ending: Ending) => void): void {
  const giveUpAtMs = performance.now() + COLLECT_WITHIN_MS;
  const look = (at: string): void => {
    const { pathname, search } = new URL(at, 'http://gauntlet.test');
    const asked = { method: 'GET' as const, headers: {} };
    ask({ agent, port: load.port, asked, path: pathname + search, patienceMs: WARMUP_PATIENCE_MS }, (seen) => {
      const outcome = collected(seen, expected);
      if (outcome === 'pending') {
        if (performance.now() > giveUpAtMs) done('timeout');
        else setTimeout(look, COLLECT_EVERY_MS, at);
      } else if (typeof outcome === 'object') look(outcome.location);
      else done(outcome);
    });
  };
  look(location);
}
