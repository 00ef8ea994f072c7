import { describe, expect, it } from 'vitest';
import { jobAddress } from '../jobs/job-id.js';
import { StoreAway } from '../jobs/job-store.js';
import { leavingHandler, makeRequest, recordingHandler } from '../pipeline/testing/harness.js';
import { makeServices } from '../pipeline/testing/specs.js';
import { jobResource } from './job-resource.js';
import { idOf, settle, setUp } from './testing/handing-over.js';

describe('a job that can not be looked at', () => {
  async function answerTo(cause: Error) {
    const bugs: unknown[] = [];
    const services = makeServices({ onBug: (bug) => void bugs.push(bug) });
    const jobs = Object.assign(Object.create(services.jobs), { look: () => Promise.reject(cause) });
    const path = `/.weir/jobs/${'0'.repeat(16)}-${'a'.repeat(32)}`;
    const handler = recordingHandler();
    jobResource(jobAddress('/.weir/jobs', path), () => undefined, { ...services, jobs })(
      makeRequest({ path }),
      handler,
    );
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
    return [handler.failure?.code, bugs];
  }

  it('is told as away only when its store is; anything else is a bug, and is counted as one', async () => {
    expect(await answerTo(new StoreAway('away'))).toEqual(['job_store_away', []]);
    const bug = new TypeError('a bug');
    expect(await answerTo(bug)).toEqual(['internal_error', [bug]]);
  });
});

describe('a client that leaves with a piece of the answer in its hands', () => {
  it.each([
    ['GET', 'onHeaders', 202],
    ['GET', 'onData', 202],
    ['DELETE', 'onHeaders', 204],
  ] as const)('to %s hears nothing after %s', async (method, piece, status) => {
    const { jobs, clock, handler: maker } = setUp();
    clock.advance(2_000);
    await settle();
    const path = `/.weir/jobs/${idOf(maker.headers)}`;
    const handler = leavingHandler(piece);
    const dispatch = jobResource(jobAddress('/.weir/jobs', path), () => (bottom) => bottom, makeServices({ jobs }));
    handler.leave = dispatch(makeRequest({ method, path }), handler);
    await settle();
    expect([handler.status, handler.events.at(-1), handler.ended]).toEqual([status, piece, false]);
  });
});
