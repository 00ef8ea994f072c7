/**
 * The access tokens of one service account: gets them, keeps the one in force, and renews it in the background before it is over. Owns
 * that token. Decisions are token-life.ts's, words are oauth.ts's; sockets and signatures are passed in.
 */
import { type Cancel, nothingToCancel } from '../../pipeline/dispatch.js';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import { assertionToSign, readToken, type ServiceAccount, type TokenRequest, tokenRequest } from './oauth.js';
import { TokenLife } from './token-life.js';

export type Sign = (text: string) => Uint8Array;

/** The world outside, as this needs it. */
export interface GoogleOutside {
  nowMs(): number;
  wallMs(): number;
  /** RS256 with this private key. Throws where the text is no key. */
  signer(pem: string): Sign;
  /** Null: nobody answered in time, or not to the end. Never rejects. */
  exchange(
    request: TokenRequest,
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly body: string } | null>;
}

/** For one exchange; Google takes a tenth of a second. */
const EXCHANGE_MS = 10_000;

type Waiting = (failed: ProviderError | null) => void;

export class AccessTokens {
  readonly #account: ServiceAccount;
  readonly #outside: GoogleOutside;
  readonly #sign: Sign;
  readonly #life = new TokenLife();
  /** As many as there are requests that need the first token. */
  readonly #waiting = new Set<Waiting>();

  /** Throws where the account's key is none. */
  constructor(account: ServiceAccount, outside: GoogleOutside) {
    this.#account = account;
    this.#outside = outside;
    this.#sign = outside.signer(account.privateKey);
  }

  /** Null: there is none now. */
  get token(): string | null {
    return this.#life.current(this.#outside.nowMs());
  }

  /** Calls back once: null, there is one; or why there is none. Before it returns where that is known: then nothing is to be cancelled. */
  ready(done: Waiting): Cancel {
    const nowMs = this.#outside.nowMs();
    if (this.#life.shouldAsk(nowMs)) void this.#ask();
    const refusal = this.#life.refusal(nowMs);
    if (refusal !== null || this.#life.current(nowMs) !== null) {
      done(refusal);
      return nothingToCancel;
    }
    // One that is asked for twice by the same function would be told once.
    const waiting: Waiting = (failed) => done(failed);
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  /** The one in force was not taken. */
  forget(): void {
    this.#life.forget();
  }

  async #ask(): Promise<void> {
    this.#life.asked();
    const { wallMs, nowMs } = this.#outside;
    const sentAtMs = nowMs();
    const assertion = assertionToSign(this.#account, wallMs());
    const asked = tokenRequest(this.#account, assertion, this.#sign(assertion));
    const answer = await this.#outside.exchange(asked, EXCHANGE_MS);
    const result =
      answer === null
        ? providerError('timeout', 'Google gave no token in time.', { native: 'no-token' })
        : readToken(answer.status, answer.body, sentAtMs);
    this.#life.got(result, nowMs());
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const done of waiting) done('token' in result ? null : result);
  }
}
