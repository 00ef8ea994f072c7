import { sessionCookie } from '@weir/proto/http/own-cookies.js';
import { describe, expect, it } from 'vitest';
import { type As, peopleApi } from '../../people/testing/people-api.js';

const GOOD = 'five words in a row';

/** The cookie that an answer sets, as a browser sends it. */
function cookieOf(headers: Readonly<Record<string, unknown>>): string {
  return /^weir_session=[^;]*/.exec([headers['set-cookie']].flat().join('\n'))?.[0] ?? '';
}

async function signedIn(api: Awaited<ReturnType<typeof peopleApi>>, login: string, password: string, from?: string) {
  const answer = await api.ask('POST', '/v1/session', {}, { login, password }, from);
  const as: As = { cookie: cookieOf(answer.headers), 'x-weir-csrf': String(answer.body['csrf']) };
  return { ...answer, as };
}

describe('signing in', () => {
  it('gives a session of its own in a cookie that no script and no other site has, and ends it', async () => {
    const api = await peopleApi();
    await api.user('ann', { password: GOOD });
    const { status, headers, body, as } = await signedIn(api, ' ANN ', GOOD);
    expect(status).toBe(201);
    expect(String(headers['set-cookie'])).toMatch(
      /^weir_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    expect(body).toMatchObject({ user: { login: 'ann', hasPassword: true } });
    expect(JSON.stringify(body)).not.toContain('scrypt');
    const who = await api.ask('GET', '/v1/session', as);
    expect(who.body).toMatchObject({ user: { login: 'ann' }, teams: [], csrf: as['x-weir-csrf'], isFirstRun: false });
    expect((await api.ask('DELETE', '/v1/session', as)).status).toBe(204);
    expect((await api.ask('GET', '/v1/session', as)).body).toMatchObject({ user: null, csrf: '' });
    expect((await api.ask('GET', '/v1/tokens', as)).status).toBe(401);
  });

  it('is for https alone where browsers come by it', async () => {
    const api = await peopleApi({ publicUrl: 'https://weir.example.com' });
    await api.user('ann', { password: GOOD });
    expect(String((await signedIn(api, 'ann', GOOD)).headers['set-cookie'])).toContain('; Secure');
    const host = { host: 'weir.example.com', origin: 'https://weir.example.com' };
    expect((await api.ask('GET', '/v1/session', host)).status).toBe(200);
    expect((await api.ask('GET', '/v1/session', { host: 'weir.example.org' })).status).toBe(421);
  });

  it('ends after half a day, by a clock and not by a cookie', async () => {
    const api = await peopleApi();
    await api.user('ann', { password: GOOD });
    const { as } = await signedIn(api, 'ann', GOOD);
    api.clock.wallMs += 12 * 3_600_000 - 1;
    expect((await api.ask('GET', '/v1/tokens', as)).status).toBe(200);
    api.clock.wallMs += 1;
    expect((await api.ask('GET', '/v1/tokens', as)).status).toBe(401);
  });

  it('takes over no session that came along: what somebody else has laid out stays nobody', async () => {
    const api = await peopleApi();
    await api.user('ann', { password: GOOD });
    const laid = { cookie: `${sessionCookie}=chosen-by-somebody-else` };
    const answer = await api.ask('POST', '/v1/session', laid, { login: 'ann', password: GOOD });
    expect(cookieOf(answer.headers)).not.toContain('chosen');
    expect((await api.ask('GET', '/v1/tokens', laid)).status).toBe(401);
    // A real one that came along ends: whoever else has it has nothing.
    const first = await signedIn(api, 'ann', GOOD);
    const second = await api.ask(
      'POST',
      '/v1/session',
      { cookie: first.as['cookie'] ?? '' },
      { login: 'ann', password: GOOD },
    );
    expect(cookieOf(second.headers)).not.toBe(first.as['cookie']);
    expect((await api.ask('GET', '/v1/tokens', first.as)).status).toBe(401);
  });

  it('says the same, and works as much, whatever is wrong', async () => {
    const asked: string[] = [];
    const { createPasswords } = await import('../../people/passwords.js');
    const passwords = createPasswords(async (_password, _salt, length, { N, r, p }) => {
      asked.push(`${N} ${r} ${p} ${length}`);
      return Buffer.alloc(length, 1);
    });
    const api = await peopleApi({ passwords });
    const { id } = await api.user('ann', { password: GOOD });
    await api.user('sso');
    const { id: off } = await api.user('off', { password: GOOD });
    await api.registry.must('user.change', { id: off, isDisabled: true });
    await api.registry.must(
      'user.reset-password',
      { id },
      { facts: { passwordHash: `scrypt$32768$8$1$${'A'.repeat(22)}$${'B'.repeat(43)}` } },
    );
    const answers = [];
    for (const login of ['ann', 'sso', 'off', 'nobody-of-that-name']) {
      asked.length = 0;
      const { status, text, headers } = await signedIn(api, login, 'not the right one');
      answers.push(JSON.stringify([status, text, headers['set-cookie'] ?? null, asked]));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('32768 8 1 32');
  });

  it('slows down who guesses, and not the one whose account it is', async () => {
    const api = await peopleApi();
    await api.user('ann', { password: GOOD });
    await signedIn(api, 'ann', GOOD, '10.0.0.1');
    const guess = (from: string) => signedIn(api, 'ann', 'wrong password', from);
    const from = async (address: string) => (await guess(address)).status;
    for (let i = 0; i < 5; i += 1) expect(await from('10.9.9.9')).toBe(401);
    const refused = await guess('10.9.9.9');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    // Right or not: who may not try does not learn it.
    expect((await signedIn(api, 'ann', GOOD, '10.9.9.9')).status).toBe(429);
    // From many addresses.
    let isStopped = false;
    for (let i = 0; i < 40 && !isStopped; i += 1) isStopped = (await from(`10.8.0.${i}`)) === 429;
    expect(isStopped).toBe(true);
    // At the usual desk.
    expect((await signedIn(api, 'ann', GOOD, '10.0.0.1')).status).toBe(201);
    api.clock.wallMs += 61_000;
    expect((await signedIn(api, 'ann', GOOD, '10.9.9.9')).status).toBe(201);
  });

  it('takes no login and no address that could say more than one', async () => {
    const api = await peopleApi({ publicUrl: 'https://weir.example.com' });
    await api.user('ann', { password: GOOD });
    const hostile = 'ann\r\nset-cookie: x=1';
    const answer = await signedIn(api, hostile, GOOD);
    expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined]);
    const sent = { 'x-forwarded-for': '1.2.3.4, not-an-address<script>' };
    await api.ask('POST', '/v1/session', sent, { login: 'ann', password: GOOD });
    await api.ask('POST', '/v1/session', { 'x-forwarded-for': '6.6.6.6, 192.0.2.7' }, { login: 'ann', password: GOOD });
    await api.ask(
      'POST',
      '/v1/session',
      { 'x-forwarded-for': '192.0.2.9' },
      { login: 'ann', password: GOOD },
      '10.1.1.1',
    );
    const from = [...api.registry.all('session')].map((session) => session.from);
    expect(new Set(from)).toEqual(new Set(['127.0.0.1', '192.0.2.7', '10.1.1.1']));
  });
});

describe('passwords', () => {
  it('are changed by who knows the old one; every other session and token ends', async () => {
    const api = await peopleApi();
    const { id, session } = await api.user('ann', { password: GOOD });
    const token = await api.token(id, ['write']);
    const { as } = await signedIn(api, 'ann', GOOD);
    const put = (old: string, chosen: string) => api.ask('PUT', '/v1/session/password', as, { old, new: chosen });
    expect((await put('not the old one', 'another few words')).status).toBe(422);
    for (const bad of ['short', 'ann', 'password123', 'aaaaaaaaaaaaaa', 'x'.repeat(300), GOOD])
      expect([bad, (await put(GOOD, bad)).status]).toEqual([bad, 422]);
    expect((await put(GOOD, 'another few words')).status).toBe(204);
    expect((await api.ask('GET', '/v1/tokens', as)).status).toBe(200);
    for (const old of [session, token]) expect((await api.ask('GET', '/v1/tokens', old)).status).toBe(401);
    expect((await signedIn(api, 'ann', GOOD)).status).toBe(401);
    expect((await signedIn(api, 'ann', 'another few words')).status).toBe(201);
  });

  it('that somebody else has made are told once, and have to be changed before anything else', async () => {
    const api = await peopleApi();
    const key = { ...api.local, 'idempotency-key': 'k' };
    const made = await api.ask('POST', '/v1/users', key, { login: 'bob', name: 'Bob' });
    expect(made.status).toBe(201);
    expect(JSON.stringify([...api.registry.all('user')])).not.toContain(made.body['password']);
    const { as } = await signedIn(api, 'bob', String(made.body['password']));
    expect((await api.ask('GET', '/v1/session', as)).body).toMatchObject({ user: { mustChangePassword: true } });
    const refused = await api.ask('GET', '/v1/tokens', as);
    expect([refused.status, refused.body['code']]).toEqual([403, 'password-change-needed']);
    const sent = { old: made.body['password'], new: 'chosen by bob alone' };
    expect((await api.ask('PUT', '/v1/session/password', as, sent)).status).toBe(204);
    expect((await api.ask('GET', '/v1/tokens', as)).status).toBe(200);
  });
});

describe('users, tokens and teams', () => {
  it('are told without a secret, in pages, with versions that are kept', async () => {
    const api = await peopleApi();
    for (const login of ['ann', 'bob', 'cid']) await api.user(login, { password: GOOD });
    const first = await api.ask('GET', '/v1/users?max=2', api.local);
    const rest = await api.ask('GET', `/v1/users?max=2&after=${first.body['next']}`, api.local);
    const items = [first, rest].flatMap(({ body }) => (body['items'] as { login: string }[]).map(({ login }) => login));
    expect(items.sort()).toEqual(['ann', 'bob', 'cid']);
    expect(rest.body['next']).toBeNull();
    for (const { text } of [first, rest]) expect(text).not.toMatch(/scrypt|sessionEpoch|passwordHash/);
    const [{ id } = { id: '' }] = first.body['items'] as { id: string }[];
    const { version } = (await api.ask('GET', `/v1/users/${id}`, api.local)).body;
    const patch = (name: string) =>
      api.ask('PATCH', `/v1/users/${id}`, { ...api.local, 'if-match': `"${version}"` }, { name });
    expect((await patch('Someone')).status).toBe(200);
    expect((await patch('Another')).status).toBe(412);
  });

  it('take no member that nobody has foreseen', async () => {
    const api = await peopleApi();
    const { id, session } = await api.user('ann', { password: GOOD });
    await api.registry.must('team.create', { id: 'red', name: 'Red', ownerId: id });
    for (const [method, url, body] of [
      ['PATCH', '/v1/session/user', { name: 'Ann', isOperator: true }],
      ['PATCH', '/v1/teams/red', { name: 'Red', members: {} }],
      ['POST', '/v1/tokens', { name: 't', scopes: ['read'], userId: 'other' }],
      ['PUT', `/v1/teams/red/members/${id}`, { role: 'owner', isOperator: true }],
      ['POST', '/v1/session', { login: 'ann', password: GOOD, isOperator: true }],
    ] as const)
      expect([url, (await api.ask(method, url, session, body)).status]).toEqual([url, 422]);
    const made = { login: 'x', name: 'X', passwordHash: 'scrypt$1$1$1$a$b', sessionEpoch: 9 };
    expect((await api.ask('POST', '/v1/users', api.local, made)).status).toBe(422);
    expect(api.registry.get('user', id)?.isOperator).toBe(false);
  });

  it('tokens are told once, reach as far as they say, end with their user, and make no others', async () => {
    const api = await peopleApi();
    const { id, session } = await api.user('ann', { password: GOOD });
    const made = await api.ask('POST', '/v1/tokens', session, { name: 'ci', scopes: ['teams:read'] });
    expect(made.body['token']).toMatch(/^weir_t_[0-9A-Za-z]{49}$/);
    const as = { authorization: `Bearer ${made.body['token']}` };
    expect((await api.ask('GET', '/v1/teams', as)).status).toBe(200);
    expect((await api.ask('GET', '/v1/tokens', as)).status).toBe(403);
    expect((await api.ask('GET', '/v1/tokens', session)).text).not.toContain(made.body['token']);
    const all = await api.token(id, ['write']);
    expect((await api.ask('POST', '/v1/tokens', all, { name: 'x', scopes: ['write'] })).status).toBe(403);
    await api.registry.must('user.change', { id, isDisabled: true });
    for (const each of [as, all, session]) expect((await api.ask('GET', '/v1/teams', each)).status).toBe(401);
    await api.registry.must('user.change', { id, isDisabled: false });
    for (const each of [as, all, session]) expect((await api.ask('GET', '/v1/teams', each)).status).toBe(401);
  });

  it('an other one’s are not there: neither their tokens nor their teams', async () => {
    const api = await peopleApi();
    const [ann, bob] = [await api.user('ann'), await api.user('bob')];
    const { body } = await api.ask('POST', '/v1/tokens', ann.session, { name: 'ci', scopes: ['read'] });
    await api.registry.must('team.create', { id: 'red', name: 'Red', ownerId: ann.id });
    const told = async (method: string, url: string, sent?: object) => {
      const { status, text } = await api.ask(method, url, bob.session, sent);
      return { status, text };
    };
    const nothing = { status: 404, text: (await told('GET', '/v1/teams/none')).text };
    expect(await told('DELETE', `/v1/tokens/${body['id']}`)).toEqual(nothing);
    for (const [method, url, sent] of [
      ['GET', '/v1/teams/red', undefined],
      ['PATCH', '/v1/teams/red', { name: 'Blue' }],
      ['PUT', `/v1/teams/red/members/${bob.id}`, { role: 'owner' }],
      ['DELETE', `/v1/teams/red/members/${ann.id}`, undefined],
    ] as const)
      expect(await told(method, url, sent)).toEqual(nothing);
    expect((await api.ask('GET', '/v1/teams', bob.session)).body).toEqual({ items: [], next: null });
    expect((await api.ask('GET', '/v1/people?login=ann', bob.session)).status).toBe(403);
    expect((await api.ask('GET', '/v1/people?login=bob', ann.session)).body).toMatchObject({ items: [{ id: bob.id }] });
  });
});

describe('the audit', () => {
  it('says who did what from where, before and after, and no secret', async () => {
    const api = await peopleApi();
    const { id } = await api.user('ann', { isOperator: true, password: GOOD });
    const { as } = await signedIn(api, 'ann', GOOD, '10.0.0.1');
    await api.ask('POST', '/v1/teams', as, { id: 'red', name: 'Red' }, '10.0.0.1');
    await api.ask('PATCH', '/v1/teams/red', as, { name: 'Crimson' }, '10.0.0.1');
    const { body, text } = await api.ask('GET', '/v1/audit?what=team', as);
    expect(body['items']).toMatchObject([
      {
        ...{
          what: 'team.change',
          on: 'team red',
          actor: { userId: id, login: 'ann', via: 'session', from: '10.0.0.1' },
        },
        changes: [{ before: { name: 'Red', version: 1 }, after: { name: 'Crimson', version: 2 } }],
      },
      { what: 'team.create', changes: [{ before: null, after: { name: 'Red' } }] },
    ]);
    expect(text).not.toMatch(/scrypt|sha256/);
    const all = await api.ask('GET', '/v1/audit/export', as);
    expect(all.headers['content-type']).toContain('application/x-ndjson');
    const lines = all.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { number: number; what: string });
    expect(lines.map(({ number }) => number)).toEqual(lines.map((_, i) => lines.length - i));
    const secret = (as['cookie'] ?? '').slice(sessionCookie.length + 1);
    expect(all.text).not.toMatch(/scrypt|passwordHash/);
    expect(all.text).not.toContain(secret);
    const page = await api.ask('GET', '/v1/audit?max=1&what=team', as);
    expect((await api.ask('GET', `/v1/audit?max=1&what=team&before=${page.body['next']}`, as)).body).toMatchObject({
      ...{ items: [{ what: 'team.create' }], next: null },
    });
  });
});
