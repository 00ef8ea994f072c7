import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerApply } from './apply.js';
import { registerHistory } from './history.js';

const head = {
  number: 3,
  id: 'a'.repeat(32),
  author: 'bob',
  reason: '',
  atWallMs: 0,
  restores: 0,
  recovers: 0,
  textBytes: 9,
};
const preview = { last: head, current: 3, ok: true, faults: [], followedFile: null, isSame: false, changes: [] };
const accepted = { state: 'accepted', atWallMs: 0, cause: 'revision', faults: [], restartNeeded: [] };
const appended = { revision: { ...head, number: 4 }, isNew: true, faults: [], outcome: accepted };

const json = { 'content-type': 'application/json' };

interface Answer {
  readonly status: number;
  readonly body: object;
}

describe('the commands that change the config', () => {
  let server: Server;
  let admin: string;
  let folder: string;
  let received: [path: string, body: Record<string, unknown>][];
  /** By path, one after the other; the last one again and again. */
  let answers: Record<string, Answer[]>;
  let out: string;
  let err: string;

  beforeEach(async () => {
    [received, answers, out, err] = [[], {}, '', ''];
    folder = mkdtempSync(join(tmpdir(), 'weir-apply-'));
    writeFileSync(join(folder, 'weir.yaml'), 'version: 1\n');
    server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.on('end', () => {
        const path = request.url ?? '';
        received.push([path, text === '' ? {} : JSON.parse(text)]);
        const list = answers[path] ?? [];
        const answer = (list.length > 1 ? list.shift() : list[0]) ?? { status: 404, body: { title: 'Not Found' } };
        if (answer.status === 0) response.destroy();
        else response.writeHead(answer.status, json).end(`${JSON.stringify(answer.body)}\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    admin = typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += String(text);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = 0;
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function run(...args: readonly string[]): Promise<typeof process.exitCode> {
    const program = new Command('weir').exitOverride();
    registerApply(program);
    registerHistory(program);
    await program.parseAsync(['node', 'weir', ...args, '--admin', admin]);
    return process.exitCode;
  }
  const apply = (...more: readonly string[]) => run('apply', '-f', join(folder, 'weir.yaml'), ...more);
  const posted = () => received.filter(([path]) => path === '/revisions').map(([, body]) => body);

  it('send the revision that the difference was made with, who and why', async () => {
    answers = {
      '/revisions/preview': [{ status: 200, body: preview }],
      '/revisions': [{ status: 200, body: appended }],
    };
    expect(await apply('--yes', '--author', 'ada', '--reason', 'why')).toBe(0);
    const id = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(posted()).toEqual([{ text: 'version: 1\n', expected: 3, author: 'ada', reason: 'why', id }]);
    expect(out).toMatch(/comments, order or layout do\nrevision 4 is in force\n$/);
    expect(await run('rollback', '2', '--yes')).toBe(0);
    expect(posted()[1]).toMatchObject({ restore: 2, expected: 3 });
  });

  it('tell who was first, and how to go on', async () => {
    const body = {
      title: 'Conflict',
      detail: 'Somebody else was first: revision 4 of bob is the last one.',
      last: head,
    };
    answers = { '/revisions/preview': [{ status: 200, body: preview }], '/revisions': [{ status: 409, body }] };
    expect(await apply('--yes')).toBe(1);
    expect(err).toMatch(/revision 4 of bob.*\n.*weir diff.*apply again/);
    expect(posted()).toHaveLength(1);
  });

  it('ask again under the same id when it is not known whether it was taken', async () => {
    const uncertain = { status: 504, body: { title: 'Uncertain', detail: 'may be' } };
    answers = {
      '/revisions/preview': [{ status: 200, body: preview }],
      '/revisions': [uncertain, { status: 0, body: {} }, { status: 200, body: { ...appended, isNew: false } }],
    };
    expect(await apply('--yes')).toBe(0);
    expect(posted()).toHaveLength(3);
    expect(new Set(posted().map(({ id }) => id)).size).toBe(1);
    answers['/revisions'] = [uncertain];
    expect(await apply('--yes')).toBe(1);
    expect([posted().length, err]).toEqual([6, 'weir: may be\n']);
  });

  it('change nothing without leave, without need, or with faults', async () => {
    answers = { '/revisions/preview': [{ status: 200, body: preview }] };
    expect(await apply()).toBe(1);
    expect(err).toContain('--yes goes on without asking');
    answers = { '/revisions/preview': [{ status: 200, body: { ...preview, isSame: true } }] };
    expect(await apply('--yes')).toBe(0);
    expect(out).toContain('nothing to do: revision 3 says the same\n');
    const faults = [{ severity: 'error', line: 4, column: 2, path: 'routes', message: 'wrong', cure: 'mend it' }];
    answers = { '/revisions/preview': [{ status: 200, body: { ...preview, ok: false, faults } }] };
    expect(await apply('--yes')).toBe(1);
    expect(err).toMatch(/weir\.yaml:4:2 routes: wrong\n {4}mend it\n$/);
    expect(await run('apply', '-f', join(folder, 'none.yaml'), '--yes')).toBe(1);
    expect(err).toContain('the file does not exist');
    expect(posted()).toEqual([]);
  });

  it('end with 3 where it is a revision, and a node has refused it', async () => {
    const outcome = { ...accepted, state: 'refused', reason: 'no key' };
    answers = {
      '/revisions/preview': [{ status: 200, body: preview }],
      '/revisions': [{ status: 200, body: { ...appended, outcome } }],
    };
    expect(await apply('--yes')).toBe(3);
    expect(out).toContain('the node refused it: no key');
  });

  describe('in a cluster, for what is the latest revision already', () => {
    const target = { version: 7, revision: 3, revisionId: head.id, hash: 'a'.repeat(64), sizeBytes: 9 };
    const record = {
      stage: 'done',
      target,
      base: { ...target, version: 6, revision: 2 },
      missing: [],
      why: 'errors: 9 %',
    };
    const node = { id: 'n0', version: 7, wanted: 7, isCanary: false, state: 'applied', why: '' };
    const given = (started: object, view: object = {}): void => {
      const rollout = { record, nodes: [node], waitsFor: '', isOver: true, ...view };
      const line = { rollout, compilation: null, isMeant: true, isRejected: false, isLast: true };
      answers = {
        '/revisions/preview': [{ status: 200, body: { ...preview, isSame: true, isRolledOut: true } }],
        '/rollouts/start': [{ status: 200, body: { record: { ...record, ...started } } }],
        [`/rollouts/current?revision=3&id=${head.id}`]: [{ status: 200, body: line }],
      };
    };

    it('have nothing to do when all nodes run it', async () => {
      given({});
      expect([await apply('--yes', '--author', 'ada'), err]).toEqual([0, '']);
      expect(out).toBe('nothing to do: revision 3 says the same\n');
      expect(received.find(([path]) => path === '/rollouts/start')?.[1]).toEqual({ by: 'ada' });
    });

    it('end with 3 when it was taken back, and say how to try it once more', async () => {
      given({ stage: 'rolledBack' });
      expect(await apply('--yes')).toBe(3);
      expect(err).toMatch(/taken back: errors: 9 %; nodes run version 6 \(revision 2\)\n.*`weir rollout retry`/);
      expect(out).not.toContain('nothing to do');
    });

    it('follow it while it is under way, and end as it does', async () => {
      for (const [stage, code] of [
        ['done', 0],
        ['rolledBack', 3],
      ] as const) {
        given({ stage: 'everywhere' }, { record: { ...record, stage } });
        expect(await apply('--yes')).toBe(code);
        expect(out).toContain('revision 3 says the same, and is followed\n');
      }
    });

    it('end with 0 when those that were missing have come since, and else with 3', async () => {
      const missing = [{ id: 'n0', why: 'not within 30 s' }];
      given({ missing }, { record: { ...record, missing } });
      expect(await apply('--yes')).toBe(0);
      given({ missing }, { record: { ...record, missing }, nodes: [{ ...node, state: 'late' }] });
      expect(await apply('--yes')).toBe(3);
    });

    it('say why it can’t be started', async () => {
      given({});
      answers['/rollouts/start'] = [{ status: 409, body: { title: 'Conflict', detail: 'can’t be compiled here.' } }];
      expect([await apply('--yes'), err]).toEqual([1, 'weir: can’t be compiled here.\n']);
    });

    it('and that somebody else has appended meanwhile, do the same', async () => {
      given({ stage: 'rolledBack' });
      answers['/revisions/preview'] = [{ status: 200, body: { ...preview, isRolledOut: true } }];
      const { outcome: _, ...same } = appended;
      answers['/revisions'] = [{ status: 200, body: { ...same, isNew: false, outcome: null } }];
      expect(await apply('--yes')).toBe(3);
    });
  });

  it('export what was applied, to the byte, and say that there is no such revision', async () => {
    answers = { '/revisions/current': [{ status: 200, body: { ...head, text: '# a\nversion: 1' } }] };
    await run('export');
    expect(out).toBe('# a\nversion: 1');
    answers = { '/revisions/9': [{ status: 404, body: { title: 'No Such Revision', detail: 'there are 1 to 3' } }] };
    expect(await run('export', '9')).toBe(1);
    expect(err).toBe('weir: there are 1 to 3\n');
  });

  it('end with 3 where something differs, with 0 where nothing does', async () => {
    const diff = {
      from: 2,
      to: 3,
      isSame: false,
      changes: [{ kind: 'route', name: 'r', change: 'added', lines: ['+ id: r'] }],
    };
    answers = { '/revisions/2/diff/current': [{ status: 200, body: diff }] };
    expect([await run('diff', '2'), out]).toEqual([3, '+ route r\n    + id: r\n\n1 route added\n']);
    answers = { '/revisions/preview': [{ status: 200, body: { ...preview, isSame: true } }] };
    expect(await run('diff', '-f', join(folder, 'weir.yaml'))).toBe(0);
    expect(await run('diff')).toBe(1);
    expect(err).toContain('name a revision, or a file with -f');
  });
});
