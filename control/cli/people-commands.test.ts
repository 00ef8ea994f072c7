/** Commands about people, against the real routes over a registry in memory, at a real port. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { documentRoutes } from '../api/v1/registry-document.js';
import { type PeopleApi, peopleApi } from '../people/testing/people-api.js';
import { keptFile } from './credential.js';
import { registerRegistry } from './registry.js';
import { registerStatus } from './status.js';
import { registerTeams } from './teams.js';
import { type Heard, hearWrites } from './testing/heard.js';
import { registerTokens } from './tokens.js';
import { registerUsers } from './users.js';

const GOOD = 'five words in a row';
let api: PeopleApi;
let [admin, folder] = ['', ''];
let heard: Heard;

beforeEach(async () => {
  api = await peopleApi({ more: ({ registry }) => documentRoutes({ registry }) });
  api.clock.wallMs = Date.now();
  admin = await api.server.listen({ host: '127.0.0.1', port: 0 });
  folder = mkdtempSync(join(tmpdir(), 'weir-people-'));
  vi.stubEnv('XDG_CONFIG_HOME', folder);
  vi.stubEnv('WEIR_TOKEN', '');
  heard = hearWrites();
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = 0;
  await api.server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** `typed`: lines of standard input. */
async function run(
  args: readonly string[],
  typed: readonly string[] = [],
): Promise<{ code: unknown; out: string; err: string }> {
  Object.assign(heard, { out: '', err: '' });
  vi.resetModules();
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([typed.join('\n')]) as never);
  const program = new Command('weir').exitOverride();
  const login = await import('./login.js');
  const others = [registerUsers, registerTokens, registerTeams, registerRegistry, registerStatus];
  for (const register of [login.registerLogin, ...others]) register(program);
  await program.parseAsync(['node', 'weir', ...args, '--admin', admin, '--data', folder]);
  return { code: process.exitCode, ...heard };
}

const asOperator = () => vi.stubEnv('WEIR_TOKEN', (api.local['authorization'] ?? '').replace('Bearer ', ''));

describe('commands about people', () => {
  it('say what to do where nobody is known', async () => {
    for (const args of [['users', 'list'], ['tokens', 'list'], ['teams', 'list'], ['status']]) {
      const told = await run(args);
      expect(told.code).toBe(1);
      expect(told.err).toContain('wants to know who asks');
      expect(told.err).toContain('weir login --admin');
      process.exitCode = 0;
    }
  });

  it('sign in with a password that somebody else has made, which is changed first, and out again', async () => {
    asOperator();
    const added = await run(['users', 'add', 'ada', '--name', 'Ada L.']);
    expect(added.code).toBe(0);
    const password = /to be changed: (\S+)/.exec(added.out)?.[1] ?? '';
    expect((await run(['users', 'list'])).out).toMatch(/^ada +by team +password, to be changed +Ada L\.$/m);
    vi.stubEnv('WEIR_TOKEN', '');
    expect((await run(['login', '--login', 'ada'], ['wrong password'])).err).toContain('do not belong together');
    process.exitCode = 0;
    const refused = await run(['login', '--login', 'ada'], [password, 'short']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('shorter than 10')]);
    process.exitCode = 0;
    const signed = await run(['login', '--login', 'ada'], [password, GOOD]);
    expect([signed.code, signed.out]).toEqual([0, expect.stringContaining('as ada')]);
    for (const secret of [password, GOOD]) {
      expect(readFileSync(keptFile(), 'utf8')).not.toContain(secret);
      expect(signed.out + signed.err).not.toContain(secret);
    }
    expect((await run(['teams', 'list'])).code).toBe(0);
    const made = await run(['tokens', 'add', 'ci', '--scope', 'teams:read', '--days', '3']);
    expect(made.out).toMatch(/^weir_t_[0-9A-Za-z]{49}\n$/);
    await run(['logout']);
    expect((await run(['teams', 'list'])).code).toBe(1);
    process.exitCode = 0;
    expect(
      [...api.registry.all('session')].filter(({ userId }) => userId === api.registry.userByLogin('ada')?.id),
    ).toEqual([]);
    // By the token, kept in the place of a session.
    expect((await run(['login', '--token'], [made.out.trim()])).out).toContain('the token of ada');
    expect((await run(['teams', 'list'])).code).toBe(0);
    expect((await run(['tokens', 'list'])).err).toContain('lacks the scope tokens:read');
  });

  it('make teams and members, and tell them as tables and as JSON', async () => {
    asOperator();
    for (const login of ['ada', 'bob']) await run(['users', 'add', login, '--no-password']);
    expect((await run(['teams', 'add', 'shop', '--name', 'Web shop', '--owner', 'ada'])).out).toBe(
      'team shop is there\n',
    );
    expect((await run(['teams', 'set-member', 'shop', 'bob', 'viewer'])).out).toBe('bob is viewer in team shop\n');
    expect((await run(['teams', 'members', 'shop'])).out.split('\n').sort()).toEqual([
      '',
      'LOGIN  ROLE',
      'ada    owner',
      'bob    viewer',
    ]);
    const { items } = JSON.parse((await run(['teams', 'list', '--json'])).out) as { items: object[] };
    expect(items).toMatchObject([{ id: 'shop', name: 'Web shop', version: 2 }]);
    expect((await run(['teams', 'remove-member', 'shop', 'bob'])).code).toBe(0);
    const last = await run(['teams', 'remove-member', 'shop', 'ada']);
    expect([last.code, last.err]).toEqual([1, expect.stringContaining('without an owner')]);
    process.exitCode = 0;
    expect((await run(['teams', 'set-member', 'shop', 'nobody', 'viewer'])).err).toContain('there is no user nobody');
  });

  it('disable, let in again, give passwords and delete', async () => {
    asOperator();
    const { id, session } = await api.user('ada', { password: GOOD });
    expect((await run(['users', 'disable', 'ada'])).out).toBe('ada is disabled\n');
    expect((await api.ask('GET', '/v1/tokens', session)).status).toBe(401);
    expect((await run(['users', 'enable', 'ada'])).out).toBe('ada may sign in\n');
    const { password } = JSON.parse((await run(['users', 'password', 'ada', '--json'])).out) as { password: string };
    expect((await api.ask('POST', '/v1/session', {}, { login: 'ada', password })).status).toBe(201);
    expect((await run(['users', 'delete', 'ada'])).code).toBe(0);
    expect(api.registry.get('user', id)).toBeNull();
  });

  it('take the registry out as a document, show what another one would change, and put it in', async () => {
    asOperator();
    await run(['teams', 'add', 'web', '--name', 'Web']);
    const file = join(folder, 'registry.yaml');
    const exported = await run(['registry', 'export']);
    expect(exported).toMatchObject({ code: 0, out: expect.stringContaining('  - id: web\n') });
    writeFileSync(file, exported.out);
    expect(await run(['registry', 'diff', '-f', file])).toMatchObject({ code: 0, out: 'nothing would change\n' });
    writeFileSync(
      file,
      exported.out.replace('name: Web', 'name: Store').replace('teams:', 'teams:\n  - { id: new, name: New }'),
    );
    const shown = '+ team new\n~ team web: name\n';
    expect(await run(['registry', 'diff', '-f', file])).toMatchObject({ code: 3, out: shown });
    expect(await run(['registry', 'apply', '-f', file])).toMatchObject({
      ...{ code: 1, out: shown, err: expect.stringContaining('no terminal to ask at') },
    });
    expect(api.registry.get('team', 'new')).toBe(null);
    const put = await run(['registry', 'apply', '-f', file, '--yes', '--reason', 'by hand']);
    expect(put).toMatchObject({ code: 0, out: `${shown}done, in 1 entry of the audit\n` });
    expect(api.registry.get('team', 'web')?.name).toBe('Store');
    expect((await api.registry.audit(0, 1))?.[0]?.reason).toBe('by hand');
    expect(await run(['registry', 'apply', '-f', file])).toMatchObject({ code: 0, out: 'nothing would change\n' });
    // By standard input, as JSON, and what is faulty or not there changes nothing.
    const all = await run(['registry', 'export', '--format', 'json', '--hashes']);
    expect(JSON.parse(all.out)).toMatchObject({ version: 1, teams: [{ id: 'new' }, { id: 'web' }] });
    expect(await run(['registry', 'diff', '-f', '-', '--json'], [all.out])).toMatchObject({
      ...{ code: 0, out: expect.stringContaining('"count":0') },
    });
    writeFileSync(file, 'version: 1\nteams: [{ id: Wrong }]\n');
    for (const [of, words] of [
      [file, 'teams[0]'],
      [`${file}.none`, "can't be read"],
    ] as const)
      expect(await run(['registry', 'apply', '-f', of, '--yes'])).toMatchObject({
        ...{ code: 1, err: expect.stringContaining(words) },
      });
  });
});
