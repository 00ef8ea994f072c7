import { seededRandom } from '@weir/proto/cluster/testing/world.js';
import { describe, expect, it } from 'vitest';
import { openRevisions } from '../log/revisions.js';
import { TroubledLog } from '../log/testing/troubled-log.js';
import { checkConfig, toldOf } from '../publish/check-config.js';
import { sha256Hex } from '../publish/credential-hashes.js';
import type { ControlStatus, PublishOutcome } from './control-status.js';
import { buildAdminApi } from './server.js';
import { openAccess } from './testing/open-access.js';

const status: ControlStatus = {
  ...{ version: '0.1.0', pid: 1, startedWallMs: 0, uptimeMs: 5, configFile: null, snapshot: null },
  ...{ routes: [], publish: null, nodes: [], cluster: null },
};
const config = (body: string): string => `version: 1
routes:
  - { id: fixed, match: /*, respond: { status: 200, body: ${body} } }
`;
const REFERENCE = `\${KEY}`;
const accepted: PublishOutcome = { state: 'accepted', atWallMs: 1, cause: 'revision', faults: [], restartNeeded: [] };

async function api(followedFile: string | null = null) {
  const log = new TroubledLog(seededRandom(1), { away: 0, uncertain: 0 });
  const options = { copy: null, writer: 'w', wallMs: () => 7_000, every: null, say: () => {} };
  const revisions = await openRevisions({ log: log.reach(() => false), ...options });
  let published = 0;
  let ids = 0;
  const server = buildAdminApi({
    access: openAccess,
    listen: { host: '127.0.0.1', port: 9080 },
    status: () => status,
    cache: { purge: async () => ({ obeyed: [], missing: [] }), inspect: async () => ({ nodes: [], missing: [] }) },
    revisions: {
      revisions,
      ...{ followedFile, isRolledOut: false },
      check: async (text) => toldOf(checkConfig(text, { KEY: 'k'.repeat(20) }, sha256Hex)),
      async publish() {
        published += 1;
        return accepted;
      },
      newId() {
        ids += 1;
        return ids.toString(16).padStart(32, '0');
      },
    },
  });
  const ask = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const headers = { host: 'localhost:9080' };
    const answer = await server.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    return { status: answer.statusCode, body: answer.json(), type: answer.headers['content-type'] };
  };
  return { ask, log, published: () => published };
}

const by = { author: 'ada', expected: 0 };

describe('the admin API of revisions', () => {
  it('appends what is sound, publishes it, and shows it', async () => {
    const { ask, published } = await api();
    const first = await ask('POST', '/revisions', { ...by, text: config('one'), reason: 'a start' });
    expect(first).toMatchObject({
      status: 200,
      body: { isNew: true, revision: { number: 1 }, outcome: { state: 'accepted' } },
    });
    expect(published()).toBe(1);
    await ask('POST', '/revisions', { ...by, expected: 1, text: config('two') });
    expect((await ask('GET', '/revisions')).body).toMatchObject({
      ...{ current: 2, followedFile: null, trouble: '' },
      revisions: [{ number: 2 }, { number: 1, author: 'ada', reason: 'a start', atWallMs: 7_000 }],
    });
    expect((await ask('GET', '/revisions?before=2&max=9')).body.revisions).toHaveLength(1);
    expect((await ask('GET', '/revisions/1')).body).toMatchObject({ number: 1, text: config('one') });
    expect((await ask('GET', '/revisions/current')).body).toMatchObject({ number: 2, text: config('two') });
    expect((await ask('GET', '/revisions/1/diff/2')).body).toMatchObject({
      ...{ from: 1, to: 2, isSame: false },
      changes: [
        {
          kind: 'route',
          name: 'fixed',
          change: 'changed',
          lines: ['  id: fixed', '  match: /*', '  respond:', '    status: 200', '-   body: one', '+   body: two'],
        },
      ],
    });
    expect((await ask('GET', '/revisions/0/diff/1')).body.changes).toMatchObject([{ change: 'added' }]);
  });

  it('says what a config would change, and every fault of it, and changes nothing', async () => {
    const { ask, log, published } = await api();
    const text = config('one').replace('status: 200', 'status: 20');
    expect((await ask('POST', '/revisions/preview', { text })).body).toMatchObject({
      ...{ ok: false, current: null, last: null, isSame: false, changes: [] },
      faults: [{ severity: 'error', line: 3 }],
    });
    expect(await ask('POST', '/revisions', { ...by, text })).toMatchObject({
      status: 422,
      type: expect.stringContaining('problem+json'),
      body: { faults: [{ severity: 'error', line: 3, cure: expect.any(String) }] },
    });
    expect([log.entries.length, published()]).toEqual([0, 0]);
  });

  it('has nothing to do for what is in force already, whoever was last', async () => {
    const { ask, log, published } = await api();
    await ask('POST', '/revisions', { ...by, text: config('one') });
    const again = await ask('POST', '/revisions', { ...by, text: config('one') });
    expect(again).toMatchObject({ status: 200, body: { isNew: false, outcome: null, revision: { number: 1 } } });
    expect((await ask('POST', '/revisions/preview', { text: config('one') })).body).toMatchObject({ isSame: true });
    expect([log.entries.length, published()]).toEqual([1, 1]);
  });

  it('tells whoever was second who was first', async () => {
    const { ask, log } = await api();
    await ask('POST', '/revisions', { ...by, text: config('one') });
    const late = await ask('POST', '/revisions', { author: 'bob', expected: 0, text: config('two') });
    expect(late).toMatchObject({ status: 409, body: { title: 'Conflict', last: { number: 1, author: 'ada' } } });
    expect(late.body.detail).toContain('revision 1 of ada');
    expect(log.entries).toHaveLength(1);
  });

  it('makes a request that is sent twice one revision', async () => {
    const { ask, log } = await api();
    const sent = { ...by, text: config('one'), id: 'ab'.repeat(16) };
    await ask('POST', '/revisions', sent);
    await ask('POST', '/revisions', { ...by, expected: 1, text: config('two') });
    expect(await ask('POST', '/revisions', sent)).toMatchObject({
      status: 200,
      body: { isNew: false, revision: { number: 1 } },
    });
    expect(log.entries).toHaveLength(2);
  });

  it('rolls back by a new revision', async () => {
    const { ask } = await api();
    await ask('POST', '/revisions', { ...by, text: config('one') });
    await ask('POST', '/revisions', { ...by, expected: 1, text: config('two') });
    expect((await ask('POST', '/revisions/preview', { restore: 1 })).body).toMatchObject({
      ok: true,
      last: { number: 2 },
    });
    const back = await ask('POST', '/revisions', { ...by, expected: 2, restore: 1 });
    expect(back.body).toMatchObject({ revision: { number: 3, restores: 1 } });
    expect((await ask('GET', '/revisions/current')).body).toMatchObject({ number: 3, text: config('one') });
    expect(await ask('POST', '/revisions', { ...by, expected: 3, restore: 9 })).toMatchObject({
      status: 404,
      body: { title: 'No Such Revision' },
    });
  });

  it('keeps references in the history, and refuses secrets that stand in the text', async () => {
    const { ask } = await api();
    const text = (key: string): string =>
      `${config('one').replace('match: /*', 'match: /*, auth: [apiKey]')}consumers: [{ id: ann, keys: ["${key}"] }]\n`;
    expect((await ask('POST', '/revisions', { ...by, text: text('literal-secret-key') })).status).toBe(422);
    await ask('POST', '/revisions', { ...by, text: text(REFERENCE) });
    const kept = (await ask('GET', '/revisions/1')).body;
    expect(kept.text).toContain(REFERENCE);
    expect(JSON.stringify(kept)).not.toContain('kkkk');
  });

  it('changes nothing where a file is followed, and says where to make the change', async () => {
    const { ask, log } = await api('/etc/weir.yaml');
    const refused = await ask('POST', '/revisions', { ...by, text: config('one') });
    expect(refused).toMatchObject({ status: 409, body: { title: 'Follows A File' } });
    expect(refused.body.detail).toMatch(/\/etc\/weir\.yaml.*without --config/);
    expect(log.entries).toHaveLength(0);
  });

  it('says what is wrong with a request', async () => {
    const { ask } = await api();
    for (const [sent, words] of [
      [{}, 'either text'],
      [{ text: 'a', restore: 1 }, 'either text'],
      [{ text: 1, ...by }, 'text'],
      [{ text: 'a', author: 'ada' }, 'expected'],
      [{ text: 'a', expected: -1, author: 'ada' }, 'expected'],
      [{ text: 'a', expected: 0 }, 'author'],
      [{ text: 'a', expected: 0, author: 'a\nb' }, 'author'],
      [{ text: 'a', ...by, reason: 'x'.repeat(501) }, 'reason'],
      [{ text: 'a', ...by, id: 'short' }, 'id'],
      [{ text: 'a', ...by, force: true }, 'force'],
      [{ text: 'é'.repeat(600_000), ...by }, '1 MiB'],
    ] as const) {
      const answer = await ask('POST', '/revisions', sent);
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(words)]);
    }
    expect((await ask('GET', '/revisions?max=x')).status).toBe(400);
    expect((await ask('GET', '/revisions/x')).status).toBe(404);
    expect((await ask('POST', '/revisions', { ...by, text: 'x'.repeat(3_000_000) })).status).toBe(413);
  });

  it('says that the log is away, that it may have taken it, or that it is too large for it', async () => {
    const { ask, log } = await api();
    log.troubles.away = 1;
    expect(await ask('POST', '/revisions', { ...by, text: config('one') })).toMatchObject({ status: 503 });
    log.troubles.away = 0;
    log.troubles.uncertain = 1;
    const statuses = new Set<number>();
    for (let n = 0; n < 20; n += 1)
      statuses.add((await ask('POST', '/revisions', { ...by, text: config(`u${n}`) })).status);
    expect([...statuses].every((code) => [200, 409, 504].includes(code))).toBe(true);
    expect(log.entries).toHaveLength(1);
  });
});
