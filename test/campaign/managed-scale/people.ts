/** Who asks the admin API in the campaign: signed in by password, as people are, and timed from the outside. */
import { askAdmin } from '../../support/admin.js';

const CHOSEN = 'five words in a row';
const SESSION = 'weir_session';

export interface Asked {
  readonly ms: number;
  readonly status: number;
  readonly text: string;
}

export class Person {
  readonly #admin: string;
  #cookie = '';
  #csrf = '';

  private constructor(admin: string) {
    this.#admin = admin;
  }

  /** The operator of the data folder makes the account; its owner chooses a password, as at a first sign-in. */
  static async signedIn(admin: string, login: string, isOperator: boolean, teams: readonly string[]): Promise<Person> {
    const made = await asLocal<{ id: string; password: string }>(admin, 'POST', '/v1/users', {
      ...{ login, name: login, isOperator },
    });
    for (const team of teams)
      await asLocal(admin, 'PUT', `/v1/teams/${team}/members/${made.id}`, { role: 'developer' });
    const person = new Person(admin);
    await person.#signIn(login, made.password);
    const changed = await person.send('PUT', '/v1/session/password', { old: made.password, new: CHOSEN });
    if (changed.status !== 204) throw new Error(`the password could not be changed: ${changed.text}`);
    await person.#signIn(login, CHOSEN);
    return person;
  }

  /** As a browser keeps it. */
  get cookie() {
    return { name: SESSION, value: this.#cookie, url: this.#admin } as const;
  }

  /** To the last byte. */
  get(path: string): Promise<Asked> {
    return this.#ask(path, { headers: { cookie: `${SESSION}=${this.#cookie}` } });
  }

  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Asked> {
    const headers = {
      ...{ cookie: `${SESSION}=${this.#cookie}`, 'x-weir-csrf': this.#csrf },
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return this.#ask(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  async #signIn(login: string, password: string): Promise<void> {
    const answer = await fetch(`${this.#admin}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password }),
    });
    const { csrf = '' } = (await answer.json()) as { csrf?: string }; // Our own API of the same build.
    const secret = new RegExp(`${SESSION}=([^;]+)`).exec(answer.headers.getSetCookie().join('\n'))?.[1];
    if (answer.status !== 201 || secret === undefined) throw new Error(`${login} could not sign in: ${answer.status}`);
    [this.#cookie, this.#csrf] = [secret, csrf];
  }

  async #ask(path: string, init: RequestInit): Promise<Asked> {
    const from = performance.now();
    const answer = await fetch(`${this.#admin}${path}`, init);
    const text = await answer.text();
    return { ms: performance.now() - from, status: answer.status, text };
  }
}

async function asLocal<T>(admin: string, method: string, path: string, body: object): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const answer = await askAdmin(`${admin}${path}`, { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as T; // The same.
}
