/**
 * The key that one attempt goes by: chosen among those of its provider, and given back once, with what is known of it then. What was
 * tried before at the same model is not taken again.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { type Cancel, nothingToCancel } from '../../pipeline/dispatch.js';
import type { Clock } from '../../time/clock.js';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import type { AiKey, AiProvider } from './ai-store.js';
import type { Signable } from './credential.js';
import { type KeyUse, type KeyVerdict, verdictOf } from './key-standing.js';

/** Who hears of what became of a sending. */
interface Sent {
  refused(error: ProviderError): void;
  dispatched(cancel: Cancel): void;
}

const NONE: ReadonlySet<AiKey> = new Set();

export class KeyLease {
  /** Why the attempt can't be made, where no key can be used. */
  readonly refusal: ProviderError | null;
  readonly #pool: AiProvider['pool'];
  readonly #model: string;
  readonly #clock: Clock;
  readonly #tried: ReadonlySet<AiKey>;
  readonly #key: AiKey | null;
  #use: KeyUse | null = null;

  /** `before`: an attempt at the same model. `draw`: in [0, 1), as for targets (candidates.ts). */
  constructor(
    { pool }: AiProvider,
    model: string,
    before: KeyLease | null,
    clock: Clock,
    draw: (key: AiKey) => number,
  ) {
    this.#pool = pool;
    this.#model = model;
    this.#clock = clock;
    this.#tried = before === null ? NONE : before.#spent;
    const nowMs = clock.nowMs();
    this.#key = pool.keys.length === 0 ? null : pool.pick(model, this.#tried, nowMs, draw);
    this.refusal = this.#key !== null || pool.keys.length === 0 ? null : this.#noneLeft(nowMs);
  }

  get key(): AiKey | null {
    return this.#key;
  }

  get hasOther(): boolean {
    return this.#pool.hasOther(this.#model, this.#spent, this.#clock.nowMs());
  }

  /**
   * Sends as soon as `fields` can be made, maybe before it returns. A token is waited for by many, behind whose call no layer stands: what one
   * of them throws is that one's failure, and the others have the token all the same.
   */
  whenReady(reply: Sent, send: () => Cancel, onBug: (error: unknown) => void): Cancel {
    const done = (failed: ProviderError | null): void => {
      if (failed !== null) {
        reply.refused(failed);
        return;
      }
      let cancel: Cancel;
      try {
        cancel = send();
      } catch (bug) {
        onBug(bug);
        reply.refused(providerError('server', 'The gateway failed.', { native: 'internal_error' }));
        return;
      }
      reply.dispatched(cancel);
    };
    const tokens = this.#key?.tokens ?? null;
    if (tokens !== null) return tokens.ready(done);
    done(null);
    return nothingToCancel;
  }

  /** The fields that hold the key, or were made with it. */
  fields(signable: Signable): HeaderList {
    return this.#key?.fields(signable) ?? [];
  }

  begin(): void {
    this.#use = this.#key?.standing.begin(this.#model) ?? null;
  }

  /** Once; what comes later says nothing new. */
  end(verdict: KeyVerdict, retryAfterMs: number | null): void {
    const use = this.#use;
    if (use !== null && verdict === 'refused') this.#key?.tokens?.forget();
    this.#use = null;
    if (use !== null) this.#key?.standing.end(use, verdict, retryAfterMs, this.#clock.nowMs());
  }

  endBy({ kind, retryAfterMs }: ProviderError): void {
    this.end(verdictOf(kind), retryAfterMs);
  }

  get #spent(): ReadonlySet<AiKey> {
    return this.#key === null ? this.#tried : new Set([...this.#tried, this.#key]);
  }

  #noneLeft(nowMs: number): ProviderError {
    if (this.#pool.isRefused(this.#model, nowMs))
      return providerError('authentication', 'No key of the provider is taken.', { native: 'no-key' });
    const retryAfterMs = Math.max(0, this.#pool.waitMs(this.#model, nowMs));
    return providerError('rateLimited', 'All keys of the provider rest.', { native: 'no-key', retryAfterMs });
  }
}
