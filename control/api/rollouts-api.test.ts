import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import { describe, expect, it } from 'vitest';
import type { Compilation } from '../cluster/publisher.js';
import type { RolloutView } from '../cluster/rollout-view.js';
import { isOf } from '../rollout/publishing.js';
import { atOnce } from '../rollout/rollout.js';
import type { RolloutLine, RolloutOperations } from './rollouts-api.js';
import { buildAdminApi } from './server.js';
import { openAccess } from './testing/open-access.js';

const record: RolloutRecord = {
  ...{ kind: 'rollout', stage: 'everywhere', base: null, plan: atOnce, canary: [], by: 'ada', why: '', control: 'c-1' },
  target: { version: 3, revision: 2, hash: 'a'.repeat(64), sizeBytes: 9 },
  ...{ atWallMs: 5, missing: [] },
};
const ID = 'ab'.repeat(16);
const view = (more: Partial<RolloutView> = {}): RolloutView => ({
  record,
  nodes: [],
  waitsFor: '',
  isOver: false,
  ...more,
});

function setUp(first: RolloutView | null) {
  const known = { current: { number: 3, id: ID }, knows: (id: string) => id === ID };
  const state = { view: first, compilation: null as Compilation | null, said: [] as unknown[], looks: 0 };
  const listeners = new Set<() => void>();
  const rollouts: RolloutOperations = {
    // Each line is one look.
    view: () => {
      state.looks += 1;
      return state.view;
    },
    compilation: () => state.compilation,
    isOf: (asked) => state.view !== null && isOf(state.view.record.target, asked, known),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    history: async (max) => (max > 100 ? null : [record]),
    command: async (command, by) => {
      state.said.push([command, by]);
      return command === 'pause' ? { ok: false, why: 'not now', detail: 'it is over' } : { ok: true, record };
    },
    setPolicy: async (plan, by) => {
      state.said.push(plan, by);
      return { ok: false, why: 'away', detail: 'the log is away' };
    },
  };
  const change = (next: Partial<typeof state>): void => {
    Object.assign(state, next);
    for (const listener of listeners) listener();
  };
  const server = buildAdminApi({
    access: openAccess,
    listen: { host: '127.0.0.1', port: 9080 },
    status: () => {
      throw new Error('not asked for here');
    },
    cache: { purge: async () => ({ obeyed: [], missing: [] }), inspect: async () => ({ nodes: [], missing: [] }) },
    rollouts,
  });
  const headers = { host: 'localhost:9080', 'content-type': 'application/json' };
  const post = (path: string, payload: object) => server.inject({ method: 'POST', url: path, headers, payload });
  const get = (url: string) => server.inject({ url, headers: { host: 'localhost:9080' } });
  return { state, change, listeners, post, get };
}

const rejection = { atWallMs: 5, state: 'rejected', waitsFor: '', faults: [], routes: [] } as const;
const linesOf = (body: string): RolloutLine[] =>
  body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the stream of a rollout', () => {
  it('tells each change once, and ends when it is over', async () => {
    const { state, change, listeners, get } = setUp(view());
    const answer = get('/rollouts/current?revision=2');
    await expect.poll(() => listeners.size).toBe(1);
    const { looks } = state;
    change({});
    change({ view: view({ waitsFor: '3 of 4 nodes' }) });
    await expect.poll(() => state.looks).toBeGreaterThan(looks);
    change({ view: view({ isOver: true }) });
    const { body, headers } = await answer;
    expect(headers['content-type']).toBe('application/x-ndjson');
    expect(linesOf(body).map(({ rollout, isLast }) => [rollout?.waitsFor, isLast])).toEqual([
      ['', false],
      ['3 of 4 nodes', false],
      ['', true],
    ]);
    expect(listeners.size).toBe(0);
  });

  it('waits for the rollout of the revision that was asked for, or its faults', async () => {
    const { change, listeners, get } = setUp(view({ isOver: true }));
    const answer = get('/rollouts/current?revision=3');
    await expect.poll(() => listeners.size).toBe(1);
    const rejected: Compilation = { revision: 3, revisionId: ID, ...rejection };
    change({ compilation: rejected });
    const lines = linesOf((await answer).body);
    expect(lines.map(({ isMeant, isLast }) => [isMeant, isLast])).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  it('ends at once where nothing was ever rolled out and nothing was asked for', async () => {
    const { get } = setUp(null);
    expect(linesOf((await get('/rollouts/current')).body)).toEqual([
      { rollout: null, compilation: null, isMeant: false, isRejected: false, isLast: true },
    ]);
  });

  it('takes no rollout for one of the revision that was given its number, and no faults of another', async () => {
    const lost = { ...record, target: { ...record.target, revision: 5, revisionId: 'cd'.repeat(16) } };
    const { state, change, listeners, get } = setUp(view({ record: lost, isOver: true }));
    const answer = get(`/rollouts/current?revision=3&id=${ID}`);
    await expect.poll(() => listeners.size).toBe(1);
    const { looks } = state;
    change({ compilation: { revision: 3, revisionId: 'cd'.repeat(16), ...rejection } });
    await expect.poll(() => state.looks).toBeGreaterThan(looks);
    const own = { ...record, target: { ...record.target, revision: 3, revisionId: ID } };
    change({ view: view({ record: own, isOver: true }) });
    const lines = linesOf((await answer).body);
    expect(lines.map(({ isMeant, isRejected, isLast }) => [isMeant, isRejected, isLast])).toEqual([
      [false, false, false],
      [false, false, false],
      [true, false, true],
    ]);
    expect((await get('/rollouts/current?revision=3&id=none')).statusCode).toBe(400);
  });
});

describe('orders about a rollout', () => {
  it('are passed on with who gave them, and answered with the record, or why not', async () => {
    const { state, post } = setUp(view());
    expect((await post('/rollouts/abort', { by: 'bea' })).json()).toEqual({ record });
    const refused = await post('/rollouts/pause', { by: 'bea' });
    expect([refused.statusCode, refused.json().detail]).toEqual([409, 'it is over.']);
    expect(state.said).toEqual([
      ['abort', 'bea'],
      ['pause', 'bea'],
    ]);
  });

  it('without a name, or with a plan that is none, are refused', async () => {
    const { state, post } = setUp(view());
    for (const by of [undefined, '', 'a\nb', 'x'.repeat(201), 5])
      expect((await post('/rollouts/abort', { by })).statusCode).toBe(400);
    const wrong = await post('/rollouts/policy', { by: 'bea', plan: { ...atOnce, bakeMs: -1 } });
    expect([wrong.statusCode, wrong.json().detail]).toEqual([400, '`plan.bakeMs` is no plan of a rollout, nor null.']);
    expect(state.said).toEqual([]);
    const away = await post('/rollouts/policy', { by: 'bea', plan: { ...atOnce, sharePermille: 250 } });
    expect(away.statusCode).toBe(503);
    await post('/rollouts/policy', { by: 'bea', plan: null });
    expect(state.said).toEqual([{ ...atOnce, sharePermille: 250 }, 'bea', null, 'bea']);
  });

  it('are told of afterwards', async () => {
    const { get } = setUp(view());
    expect((await get('/rollouts?max=5')).json()).toEqual({ rollouts: [record] });
    expect((await get('/rollouts?max=150')).statusCode).toBe(503);
    expect((await get('/rollouts?max=x')).statusCode).toBe(400);
  });
});
