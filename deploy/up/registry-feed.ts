/**
 * What the registry adds to the config of `weir up`, and when that is to be published again: after an entry that nodes are concerned by,
 * and when a key expires. A burst of entries is a few publications: the next one begins when the last one is over, and not before as
 * long again has passed, up to a second; but what revokes, or has expired, does not wait for that. Owns that timer and the projection.
 */
import type { AuditEntry, Entities } from '@weir/control/model/entities.js';
import type { ManagedConfig, ManagedService } from '@weir/control/publish/managed/managed-config.js';
import { namesOf } from '@weir/control/publish/managed/merge-managed.js';
import { ManagedProjection } from '@weir/control/publish/managed/projection.js';
import { concernsNodes, revokes } from '@weir/control/publish/managed/relevance.js';
import type { Registry } from '@weir/control/registry/registry.js';
import type { BusClock } from '@weir/proto/bus/bus.js';
import type { WeirConfig } from '@weir/proto/config/document.js';

const PAUSE_MIN_MS = 5;
const PAUSE_MAX_MS = 1_000;
/** Of timers; one that is due later is looked at then. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** What could not be put in force is tried again, although nothing has changed in the registry. */
const AGAIN_MS = 5_000;

export interface RegistryFeedParts {
  readonly registry: Pick<Registry, 'number' | 'get' | 'all' | 'of' | 'onChange' | 'onRebuilt'>;
  readonly clock: Pick<BusClock, 'nowMs' | 'after'>;
  readonly wallMs: () => number;
  readonly say: (line: string) => void;
  /** Whether nodes can be given a secret; left out: each. */
  readonly canOpen?: (secret: Entities['secret']) => boolean;
}

export class RegistryFeed {
  readonly #parts: RegistryFeedParts;
  readonly #projection: ManagedProjection;
  readonly #endListening: readonly (() => void)[];
  #publish: (() => Promise<boolean>) | null = null;
  #cancelExpiry = (): void => {};
  #cancelPause = (): void => {};
  #config: WeirConfig | null = null;
  #isWanted = false;
  /** Of what is wanted something revokes. */
  #isUrgent = false;
  #isWaiting = false;
  #isPublishing = false;
  #tookMs = 0;
  #isClosed = false;

  constructor(parts: RegistryFeedParts) {
    this.#parts = parts;
    this.#projection = new ManagedProjection(parts.registry, parts.canOpen);
    const { registry } = parts;
    this.#endListening = [
      registry.onChange((entry) => this.#heard(entry)),
      // It could not be read at the start, say, and now it can.
      registry.onRebuilt(() => {
        this.#projection.forget();
        this.#want();
      }),
    ];
  }

  /** The weir.yaml that was compiled last; null: none was sound. */
  get config(): WeirConfig | null {
    return this.#config;
  }

  /** Ahead of `project`, piece by piece. */
  readonly preparing = (config: WeirConfig): Generator<void, readonly ManagedService[]> =>
    this.#projection.preparing(this.#parts.wallMs(), namesOf(config));

  /** For whoever compiles. */
  readonly project = (config: WeirConfig): ManagedConfig => {
    const { wallMs, clock } = this.#parts;
    this.#config = config;
    const managed = this.#projection.project(wallMs(), namesOf(config));
    this.#cancelExpiry();
    const { againAtWallMs } = managed;
    if (againAtWallMs !== null && !this.#isClosed) {
      const inMs = Math.min(Math.max(againAtWallMs - wallMs(), 0) + 1, TIMER_MAX_MS);
      this.#cancelExpiry = clock.after(inMs, () => this.#want(true));
    }
    return managed;
  };

  /** `publish` says whether it is in force now. What has changed before is published now. */
  start(publish: () => Promise<boolean>): void {
    this.#publish = publish;
    if (this.#isWanted) this.#want();
  }

  close(): void {
    this.#isClosed = true;
    for (const end of this.#endListening) end();
    this.#cancelExpiry();
    this.#cancelPause();
  }

  #heard(entry: AuditEntry): void {
    this.#projection.note(entry);
    if (concernsNodes(entry)) this.#want(revokes(entry));
  }

  #want(isUrgent = false): void {
    const isOvertaking = isUrgent && !this.#isUrgent;
    this.#isWanted = true;
    this.#isUrgent ||= isUrgent;
    if (this.#publish === null || this.#isPublishing || this.#isClosed) return;
    if (this.#isWaiting && !isOvertaking) return;
    this.#cancelPause();
    this.#isWaiting = true;
    const pauseMs = this.#isUrgent ? PAUSE_MIN_MS : Math.min(Math.max(this.#tookMs, PAUSE_MIN_MS), PAUSE_MAX_MS);
    this.#cancelPause = this.#parts.clock.after(pauseMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const beganMs = clock.nowMs();
    this.#isWaiting = false;
    this.#isPublishing = true;
    this.#isWanted = false;
    this.#isUrgent = false;
    let isInForce = false;
    try {
      isInForce = (await this.#publish?.()) ?? false;
    } catch (error) {
      // A bug, over whatever a team has written: control lives on, and tries again.
      this.#parts.say(`a change of the registry could not be published: ${String(error)}`);
    } finally {
      this.#tookMs = clock.nowMs() - beganMs;
      this.#isPublishing = false;
      if (this.#isWanted) this.#want();
      else if (!isInForce && !this.#isClosed) this.#cancelPause = clock.after(AGAIN_MS, () => this.#want());
    }
  }
}
