/**
 * Models, prompts and guards of a design, as a team wrote them, read into the types of weir.yaml: which words they may have, then the schemas and
 * the checks of weir.yaml itself. Names are still the service's own. Pure.
 */
import { type Ai, aiSchema } from '@weir/proto/config/ai.js';
import { findAiFaults } from '@weir/proto/config/ai-references.js';
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import { explainIssues } from '@weir/proto/config/issues.js';
import type { Route } from '@weir/proto/config/route.js';
import type { Design } from '../../model/entities.js';
import { addressesOf } from '../compile-ai.js';
import { lint } from '../lint.js';
import { aiWords, foreignWords, referencesOf, withTeam } from './design-words.js';
import { lintTarget } from './machine-addresses.js';
import { outputFindings } from './output-schemas.js';

export interface ReadAi {
  /** Null: there is none, or it has an error. */
  readonly ai: Ai | null;
  /** Names of the team's secrets that it uses. */
  readonly secrets: readonly string[];
  readonly findings: readonly Finding[];
}

/** Of one design; what they hold is bounded by its characters. */
export const aiCountMax = { providers: 20, models: 100, prompts: 50, guards: 20, prices: 200 } as const;

type Part = keyof typeof aiCountMax;
const parts = Object.keys(aiCountMax) as readonly Part[]; // Its own keys.

export function readAi({ ai: written, upstreams }: Pick<Design, 'ai' | 'upstreams'>, teamId: string): ReadAi {
  if (written === undefined) return { ai: null, secrets: [], findings: [] };
  const { providers, ...others } = written;
  const { names, findings: references } = referencesOf(providers, ['ai', 'providers']);
  const foreign = [...references, ...foreignIn(written)];
  if (foreign.length > 0) return { ai: null, secrets: names, findings: foreign };
  // Texts of prompts and guards are nobody's references: what looks like one is a text.
  const value = { ...others, ...(providers === undefined ? {} : { providers: withTeam(providers, teamId) }) };
  const parsed = aiSchema.safeParse(value);
  if (!parsed.success) {
    const findings = explainIssues(aiSchema, value, parsed.error.issues);
    return { ai: null, secrets: names, findings: findings.map((one) => ({ ...one, path: ['ai', ...one.path] })) };
  }
  const ai = parsed.data;
  const ids = upstreams.flatMap((one) => idIn(one));
  const findings = [
    ...parts.flatMap((part) => tooMany(part, ai[part].length)),
    // Which models there are beside its own is known where it is composed.
    ...findAiFaults({ ai: value }, ids, () => true),
    ...ai.providers.flatMap((provider) =>
      addressesOf(provider).flatMap(({ url }) => lintTarget(url.host, ['ai', 'providers', provider.place, 'url'])),
    ),
    ...foreignPrices(ai),
    ...outputFindings(ai),
  ];
  const hasErrors = findings.some(({ severity }) => severity === 'error');
  return { ai: hasErrors ? null : ai, secrets: names, findings };
}

/** The checks of weir.yaml; `routes`: those of the design. */
export function lintOwnAi(ai: Ai, routes: readonly Route[]): Finding[] {
  // Schemas of outputs have been looked at by what nodes hold outputs of teams to.
  const prompts = ai.prompts.map((prompt) => ({
    ...prompt,
    versions: prompt.versions.map((version) => ({ ...version, output: undefined })),
  }));
  const draft = { gateway: null, upstreams: [], routes, consumers: [], contracts: [], ai: { ...ai, prompts } };
  const findings = lint(draft, { keyHash: (template) => template, fill: () => null, whyNotKey: () => null });
  return findings.filter(({ path }) => path[0] === 'ai');
}

function foreignIn(written: Readonly<Record<string, unknown>>): Finding[] {
  return Object.entries(written).flatMap(([word, held]) => {
    if (word === 'prices') return [];
    const words = Object.hasOwn(aiWords, word) ? aiWords[word as keyof typeof aiWords] : undefined; // It is one of them.
    // Says by itself that the word is not for teams.
    if (words === undefined) return foreignWords({ [word]: held }, { ...aiWords, prices: true }, ['ai']);
    if (typeof held !== 'object' || held === null) return [];
    // In both forms the words are those of an entry; a list or a text in its place is the short one.
    const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(held)
      ? held.map((entry, index) => [index, entry] as const)
      : Object.entries(held);
    return entries.flatMap(([id, entry]) => (Array.isArray(entry) ? [] : foreignWords(entry, words, ['ai', word, id])));
  });
}

function idIn(upstream: unknown): string[] {
  const id = typeof upstream === 'object' && upstream !== null && 'id' in upstream ? upstream.id : null;
  return typeof id === 'string' ? [id] : [];
}

function tooMany(part: Part, count: number): Finding[] {
  const most = aiCountMax[part];
  const path: Path = ['ai', part];
  return count <= most
    ? []
    : [findError(path, `there are ${count} of them, and ${most} at most`, 'make two services of it')];
}

/** What models of others cost is not a team's to say. */
function foreignPrices({ prices, providers }: Ai): Finding[] {
  const own = new Set(providers.map(({ id }) => id));
  return prices.flatMap(({ provider, model }) =>
    own.has(provider)
      ? []
      : [
          findError(
            ['ai', 'prices', `${provider}/${model}`],
            `there is no provider ${provider} in this design`,
            'name one of its own, or remove it',
          ),
        ],
  );
}
