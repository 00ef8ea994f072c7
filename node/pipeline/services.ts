/** What layers are given when a chain is compiled. Layers own nothing: everything that outlives a request is here. */
import type { BodyForm } from '@weir/proto/snapshot/convert.js';
import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import type { MaskSpec } from '@weir/proto/snapshot/mask.js';
import type { RouteSpec, SecretText } from '@weir/proto/snapshot/snapshot.js';
import type { CompiledAi } from '../ai/gateway/ai-store.js';
import type { Credentials } from '../auth/credentials.js';
import type { NodeCache } from '../cache/node-cache.js';
import type { HoldToContract } from '../contract/late-contract.js';
import type { Jobs } from '../jobs/jobs.js';
import type { LatencyStore } from '../latency/latency-store.js';
import type { LimiterStore } from '../limit/limiter-store.js';
import type { CompileMcp } from '../mcp/late-mcp.js';
import type { Observer } from '../observe/observer.js';
import type { KeptForms } from '../optimize/compress/kept-forms.js';
import type { Composers } from '../optimize/late-composing.js';
import type { Clock, Random, Timers } from '../time/clock.js';
import type { GateStore } from '../upstream/concurrency/gate-store.js';
import type { BudgetStore } from '../upstream/retry/budget-store.js';
import type { HeldBytes } from '../upstream/retry/held-bytes.js';
import type { Upstreams } from '../upstream/upstreams.js';
import type { Dispatch } from './dispatch.js';

export interface ChainServices {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly gateway: GatewaySpec;
  /** Upstreams of this snapshot; pools of unchanged ones are those of the snapshot before. */
  readonly upstreams: Upstreams;
  /** Consumers and keys of the snapshot in force. */
  readonly credentials: Credentials;
  /** Providers of models, and the names of those, of this snapshot; null: none is configured. */
  readonly ai: CompiledAi | null;
  /** Compiles routes that speak MCP; left out or null: there is none. */
  readonly mcp?: CompileMcp | null;
  /** Changes bodies from form to form; left out or null: no route does. */
  readonly forms?: FormChanger | null;
  /** Finds what routes hide of answers beside fields; left out or null: none looks for anything. */
  readonly masks?: MaskFinders | null;
  /** Compiles routes that make several requests of one, or one of several; left out or null: there is none. */
  readonly composers?: Composers | null;
  /** Holds routes to contracts; left out or null: no route is. */
  readonly contracts?: HoldToContract | null;
  /** The whole chains of this snapshot's routes, by their ids, for those that ask other routes; filled while it is compiled. */
  readonly chains?: ReadonlyMap<string, RouteChain>;
  /** Counters of rate limits; they outlive a snapshot. */
  readonly limiters: LimiterStore;
  /** What may be attempted beyond the first time; budgets outlive a snapshot. */
  readonly budgets: BudgetStore;
  /** Memory of this node that answers take which are held back. */
  readonly heldBytes: HeldBytes;
  /** Memory of this node that request bodies take which are gathered, or kept for another attempt. */
  readonly bodies: HeldBytes;
  /** Answers in their compressed form; they outlive a snapshot. */
  readonly keptForms: KeptForms;
  /** How long answers take, for limits that are learnt; it outlives a snapshot. */
  readonly latencies: LatencyStore;
  /** Who is let to an upstream at once; gates outlive a snapshot. */
  readonly gates: GateStore;
  /** Requests that go on without their client. */
  readonly jobs: Jobs;
  /** What is stored, and what was purged; it outlives a snapshot. */
  readonly cache: NodeCache;
  /** Answers that are the same for all who ask plainly may be given without the chain (cache/reuse.ts). Left out: none is. */
  readonly offersReuse?: boolean;
  readonly observer: Observer;
  /** Hears of bugs: what threw where nothing may throw. The exchange that it belonged to has failed or will. */
  readonly onBug: (error: unknown) => void;
  /** Fills the `${NAME}` parts of a text from the node's environment; throws when one is missing. */
  readonly reveal: (text: SecretText) => string;
  /** HMAC-SHA-256 of a text in base64url, as long as it is for every key and text: 43 letters. */
  readonly sign: (key: string, text: string) => string;
}

export interface RouteChain {
  readonly route: RouteSpec;
  readonly dispatch: Dispatch;
}

/** The same text where nothing was found; null: this one looks for nothing. */
export type MaskFinders = (spec: MaskSpec) => (() => (text: string) => string) | null;

export interface FormChanger {
  /** Of a media type; null: it is none that is changed. */
  formOf(contentType: string | undefined): BodyForm | null;
  readonly mediaTypes: Readonly<Record<BodyForm, string>>;
  /** The bytes in the other form, or why that can't be. */
  change(bytes: Uint8Array, from: BodyForm, to: BodyForm, root: string): Uint8Array | string;
}
