/**
 * Sign-in by OpenID Connect against a real provider (oidc-provider, certified for OpenID Connect), run in this process at a port of its own: a browser's part
 * is played by fetch, which follows each redirect by hand and keeps the cookies of both.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOidc } from './oidc.js';
import { readOidcSettings } from './oidc-settings.js';
import { type PeopleApi, peopleApi } from './testing/people-api.js';

interface OidcProvider {
  callback(): RequestListener;
}

interface Account {
  readonly [claim: string]: unknown;
}

let provider: Server;
let issuer = '';
let api: PeopleApi;
let admin = '';
let said: string[] = [];
/** Claims of who is signed in at the provider, by subject. */
let accounts: Record<string, Account> = {};

const SECRET = 'a-secret-of-this-client-alone';

beforeEach(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  said = [];
  accounts = {};
  provider = createServer();
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`; // It listens at an address.
  api = await peopleApi({
    oidc(registry, wallMs) {
      const text = `{issuer: ${issuer}, clientId: weir, clientSecret: '\${S}', operators: [platform], allow: [staff], teams: [{group: reds, team: red, role: developer}]}`;
      const read = readOidcSettings(text, { S: SECRET });
      if (!read.ok) throw new Error(read.faults.join());
      return createOidc(read.settings, { registry, wallMs, say: (line) => said.push(line) });
    },
  });
  api.clock.wallMs = Date.now();
  admin = await api.server.listen({ host: '127.0.0.1', port: 0 });
  provider.on('request', await listenerOf());
});
afterEach(async () => {
  await api.server.close();
  provider.closeAllConnections();
  await new Promise((resolve) => provider.close(resolve));
  vi.restoreAllMocks();
});

async function listenerOf() {
  // It has no types of its own; its name in a variable keeps the compiler from looking for some.
  const name = 'oidc-provider';
  const { Provider } = (await import(name)) as { Provider: new (issuer: string, options: object) => OidcProvider };
  const made = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: 'weir', client_secret: SECRET, response_types: ['code'], grant_types: ['authorization_code'] },
        redirect_uris: [`${admin}/v1/session/oidc/callback`],
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['k'] },
    pkce: { required: () => true },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id, ...accounts[id] }) }),
  });
  return made.callback();
}

class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async go(url: string, form?: Record<string, string>): Promise<Response & { readonly at: string }> {
    const { origin } = new URL(url);
    const own = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, own);
    const cookie = [...own].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) };
    const answer = await fetch(url, { ...body, redirect: 'manual', headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === '' || /max-age=0/i.test(set)) own.delete(name);
      else own.set(name, value);
    }
    return Object.assign(answer, { at: url });
  }

  cookie(origin: string, name: string): string | undefined {
    return this.#cookies.get(origin)?.get(name);
  }

  set(origin: string, name: string, value: string): void {
    this.#cookies.get(origin)?.set(name, value);
  }

  /** To the answer that is no redirect; at the provider's own pages, as `subject`. `until`: stops before it asks for a URL that fits. */
  async signIn(
    subject: string,
    to = '/',
    until: RegExp | null = null,
  ): Promise<{ at: string; status: number; text: string }> {
    let answer = await this.go(`${admin}/v1/session/oidc/start?to=${encodeURIComponent(to)}`);
    for (let step = 0; step < 20; step += 1) {
      const location = answer.headers.get('location');
      if (location !== null) {
        const next = new URL(location, answer.at).href;
        if (until?.test(next)) return { at: next, status: answer.status, text: '' };
        answer = await this.go(next);
        continue;
      }
      const text = await answer.text();
      const action = /action="([^"]+)"/.exec(text)?.[1];
      if (action === undefined || !answer.at.startsWith(issuer)) return { at: answer.at, status: answer.status, text };
      const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1] ?? '';
      answer = await this.go(new URL(action, answer.at).href, { prompt, login: subject, password: 'any' });
    }
    throw new Error('it goes round in circles');
  }

  async session(): Promise<Record<string, unknown>> {
    return (await (await this.go(`${admin}/v1/session`)).json()) as Record<string, unknown>;
  }
}

const ANN = { preferred_username: 'Ann', name: 'Ann A.', groups: ['staff', 'reds'], email: 'ann@example.com' };

describe('signing in by a provider of OpenID Connect', { timeout: 60_000 }, () => {
  it('makes a user at the first time, with the rights of their groups, which follow at each sign-in', async () => {
    await api.registry.must('team.create', { id: 'red', name: 'Red', ownerId: '' });
    accounts['s-1'] = ANN;
    const browser = new Browser();
    const end = await browser.signIn('s-1', '/services');
    expect([end.status, end.text]).toEqual([200, expect.stringContaining('url=/services')]);
    expect(await browser.session()).toMatchObject({
      user: { login: 'ann', name: 'Ann A.', isOperator: false, hasPassword: false, oidc: { issuer, subject: 's-1' } },
      teams: [{ id: 'red', role: 'developer' }],
    });
    expect(browser.cookie(admin, 'weir_oidc')).toBeUndefined();
    accounts['s-1'] = { ...ANN, groups: ['staff', 'platform'] };
    const another = new Browser();
    await another.signIn('s-1');
    expect(await another.session()).toMatchObject({ user: { login: 'ann', isOperator: true }, teams: [] });
    expect([...api.registry.all('user')]).toHaveLength(1);
    expect(said).toEqual([]);
  });

  it('lets nobody in who is in none of the groups, or disabled', async () => {
    accounts['s-2'] = { ...ANN, groups: ['guests'] };
    const refused = await new Browser().signIn('s-2');
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('none of your groups')]);
    expect([...api.registry.all('user')]).toEqual([]);
    accounts['s-1'] = ANN;
    await new Browser().signIn('s-1');
    const id = api.registry.userByLogin('ann')?.id;
    await api.registry.must('user.change', { id, isDisabled: true });
    expect((await new Browser().signIn('s-1')).status).toBe(403);
  });

  it('takes over no account that is there already; an operator links both', async () => {
    const { id } = await api.user('ann', { password: 'five words in a row' });
    accounts['s-1'] = ANN;
    const refused = await new Browser().signIn('s-1');
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('an operator can link both')]);
    const linked = await api.ask('PATCH', `/v1/users/${id}`, api.local, { oidc: { issuer, subject: 's-1' } });
    expect(linked.status).toBe(200);
    const browser = new Browser();
    await browser.signIn('s-1');
    expect(await browser.session()).toMatchObject({ user: { id } });
  });

  it('counts in the browser that began it, once, with the state and for the time that it was begun with', async () => {
    accounts['s-1'] = ANN;
    const victim = new Browser();
    const { at } = await victim.signIn('s-1', '/', /oidc\/callback\?/);
    // The answer to somebody else's sign-in, laid into another browser.
    await victim.session();
    const attacker = new Browser();
    await attacker.signIn('s-1', '/', /oidc\/callback\?/);
    expect((await attacker.go(at)).status).toBe(403);
    expect((await new Browser().go(at)).status).toBe(403);
    const forged = new URL(at);
    forged.searchParams.set('state', 'x'.repeat(43));
    expect((await victim.go(forged.href)).status).toBe(403);
    victim.set(admin, 'weir_oidc', 'x'.repeat(200));
    expect((await victim.go(at)).status).toBe(403);
    const late = new Browser();
    const back = await late.signIn('s-1', '/', /oidc\/callback\?/);
    api.clock.wallMs += 10 * 60_000;
    expect((await late.go(back.at)).status).toBe(403);
    expect([...api.registry.all('session')]).toEqual([]);
    // What is said of it names no code and no secret.
    expect(said.join()).not.toContain(new URL(at).searchParams.get('code'));
  });

  it('goes on to a page of our own, whatever it was told', async () => {
    accounts['s-1'] = ANN;
    for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)', '/a b']) {
      const { text } = await new Browser().signIn('s-1', to);
      expect(text).toContain('url=/"');
    }
    const { text } = await new Browser().signIn('s-1', '/x"><script>alert(1)</script>');
    expect(text).not.toContain('<script>');
  });

  it('asks the provider once, however many begin at once, and one that is away not again for a while', async () => {
    let asked = 0;
    provider.removeAllListeners('request');
    provider.on('request', (_, response: ServerResponse) => {
      asked += 1;
      response.writeHead(503).end();
    });
    const begin = async () => (await new Browser().go(`${admin}/v1/session/oidc/start`)).status;
    expect(new Set(await Promise.all(Array.from({ length: 30 }, begin)))).toEqual(new Set([503]));
    expect([await begin(), asked, said.length]).toEqual([503, 1, 1]);
    provider.removeAllListeners('request');
    provider.on('request', await listenerOf());
    api.clock.wallMs += 5_000;
    expect(await begin()).toBe(302);
  });

  it('asks the provider of twenty who came back at a time, whatever codes they bring', async () => {
    const browser = new Browser();
    const state = new URL((await browser.go(`${admin}/v1/session/oidc/start`)).headers.get('location') ?? '');
    const asked: ServerResponse[] = [];
    provider.removeAllListeners('request');
    provider.on('request', (_, response: ServerResponse) => void asked.push(response));
    const back = `${admin}/v1/session/oidc/callback?iss=${issuer}&code=x&state=${state.searchParams.get('state')}`;
    const comers = Array.from({ length: 40 }, () => browser.go(back));
    const refused = await Promise.race(comers);
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('too many are signing in')]);
    await expect.poll(() => asked.length).toBe(20);
    provider.closeAllConnections();
    expect(new Set((await Promise.all(comers)).map(({ status }) => status))).toEqual(new Set([403]));
    expect(asked).toHaveLength(20);
  });

  it('is said to be away where the provider is', async () => {
    provider.closeAllConnections();
    await new Promise((resolve) => provider.close(resolve));
    const answer = await new Browser().go(`${admin}/v1/session/oidc/start`);
    expect(answer.status).toBe(503);
    expect(said.join()).toContain("can't be asked");
  });
});
