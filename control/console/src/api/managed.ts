/** What the API tells of services and what belongs to them: the entities of the model, and the answers that are made of several. */
import type { AppKey, LifeStage, Plan, Release, Service, Subscription } from '../../../model/entities.js';
import type { Mood } from '../ui/state.js';

/** Lists leave the draft out. */
export type ServiceSummary = Omit<Service, 'draft'> & Partial<Pick<Service, 'draft'>>;

export interface CheckedDraft {
  readonly ok: boolean;
  readonly faults: readonly {
    readonly severity: 'error' | 'warning';
    readonly path: string;
    readonly message: string;
    readonly cure: string;
  }[];
  /** The lines of weir.yaml that it stands for. */
  readonly yaml: string;
  /** Why it can't be served beside what the gateway's own configuration has; null: it can. */
  readonly conflict: string | null;
  /** Against what is served: lines, each with `+ `, `- ` or two spaces before it. */
  readonly diff: readonly string[];
}

export interface ReleaseDiff {
  readonly changes: readonly string[];
  readonly breaking: readonly Breaking[];
}

export interface Breaking {
  readonly severity: string;
  readonly where: string;
  readonly what: string;
  readonly cure: string;
}

export type ReleaseSummary = Omit<Release, 'design'> & {
  readonly upstreams: number;
  readonly routes: number;
  readonly hasContract: boolean;
};

/** Only what one may see who is no member of its team. */
export interface CatalogueEntry {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly kind: Service['kind'];
  readonly stage: LifeStage;
  readonly basePath: string;
  readonly access: Service['access'];
  readonly plans: readonly Pick<Plan, 'id' | 'name' | 'approval' | 'limits'>[];
  readonly hosts: readonly string[];
  readonly team: { readonly id: string; readonly name: string };
  /** Names of the live releases; one empty name: there are no versions. */
  readonly versions: readonly string[];
  readonly hasContract: boolean;
  /** What was called lately; null: nothing is known. */
  readonly calls: {
    readonly requests: number;
    readonly errors: number;
    readonly timeouts: number;
    readonly p95Ms: number;
  } | null;
  /** Of one's own applications; lists leave them out. */
  readonly subscriptions?: readonly Subscription[];
}

/** Told once, when it is made. */
export type NewKey = Omit<AppKey, 'sha256'> & { readonly key?: string };

export const stageMoods: Readonly<Record<LifeStage, Mood>> = {
  ...{ draft: 'plain', published: 'good', deprecated: 'warn', retired: 'bad' },
};

export const subscriptionMoods: Readonly<Record<Subscription['state'], Mood>> = {
  ...{ pending: 'warn', approved: 'good', rejected: 'bad', suspended: 'bad' },
};

export const kindWords: Readonly<Record<Service['kind'], string>> = { rest: 'REST', ai: 'AI', prompt: 'prompt' };
