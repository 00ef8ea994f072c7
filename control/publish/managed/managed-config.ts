/** What the registry adds to weir.yaml: typed as the config is, so that one compiler serves both. */
import type { ContractEntry } from '@weir/proto/config/contract.js';
import type { Finding } from '@weir/proto/config/faults.js';
import type { Service } from '../../model/entities.js';
import type { ManagedAi } from './compose-ai.js';
import type { ManagedConsumer } from './consumers-of.js';
import type { NamedRoute, NamedUpstream } from './read-design.js';

/** One service as nodes get it. */
export interface ManagedService {
  readonly service: Service;
  readonly upstreams: readonly NamedUpstream[];
  readonly routes: readonly NamedRoute[];
  readonly contracts: readonly ContractEntry[];
  /** Of its releases that have models and prompts of their own. */
  readonly ais: readonly ManagedAi[];
  /** `TEAM/NAME`. */
  readonly secrets: readonly string[];
}

export interface ManagedConfig {
  /** Number of the last entry of the registry that is in it. */
  readonly number: number;
  /** In the order of their ids. */
  readonly services: readonly ManagedService[];
  readonly consumers: readonly ManagedConsumer[];
  /** Services that are not served, and why; the path begins with `services` and the id. */
  readonly findings: readonly Finding[];
  /** By then a key has expired, and it is another config; null: never by itself. */
  readonly againAtWallMs: number | null;
}

export const nothingManaged: ManagedConfig = {
  number: 0,
  services: [],
  consumers: [],
  findings: [],
  againAtWallMs: null,
};
