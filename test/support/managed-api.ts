/** The admin API of a `weir up` as tests of services ask it, as its operator, and the services themselves as their callers do. */
import { askAdmin } from './admin.js';
import type { WeirUp } from './weir-up.js';

export class Api {
  readonly #weir: WeirUp;

  constructor(weir: WeirUp) {
    this.#weir = weir;
  }

  async ask(method: string, path: string, body?: unknown, status = 0): Promise<Record<string, unknown>> {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await askAdmin(`${this.#weir.admin}${path}`, { method, ...init });
    const text = await answer.text();
    if (status === 0 ? !answer.ok : answer.status !== status)
      throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>; // An object of our own API.
  }

  post = (path: string, body: unknown = {}) => this.ask('POST', path, body);

  call(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#weir.port}${path}`, { headers });
  }

  async status(path: string, headers: Record<string, string> = {}): Promise<number> {
    const answer = await this.call(path, headers);
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Which release has answered. */
  async name(path: string, headers: Record<string, string>): Promise<string> {
    return String(((await (await this.call(path, headers)).json()) as { name?: string }).name);
  }
}
