/** Commands about people, against the real routes over a registry in memory, at a real port. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PeopleApi, peopleApi } from '../people/testing/people-api.js';
import { keptFile } from './credential.js';
import { registerStatus } from './status.js';
import { registerTeams } from './teams.js';
import { registerTokens } from './tokens.js';
import { registerUsers } from './users.js';

const GOOD = 'five words in a row';
let api: PeopleApi;
let [admin, folder, out, err] = ['', '', '', ''];

beforeEach(async () => {
  [out, err] = ['', ''];
  api = await peopleApi();
  api.clock.wallMs = Date.now();
  admin = await api.server.listen({ host: '127.0.0.1', port: 0 });
  folder = mkdtempSync(join(tmpdir(), 'weir-people-'));
  vi.stubEnv('XDG_CONFIG_HOME', folder);
  vi.stubEnv('WEIR_TOKEN', '');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
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
  [out, err] = ['', ''];
  vi.resetModules();
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([typed.join('\n')]) as never);
  const program = new Command('weir').exitOverride();
  const login = await import('./login.js');
  for (const register of [login.registerLogin, registerUsers, registerTokens, registerTeams, registerStatus])
    register(program);
  await program.parseAsync(['node', 'weir', ...args, '--admin', admin, '--data', folder]);
  return { code: process.exitCode, out, err };
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
});
