/**
 * A design as a team wrote it, read into the types of weir.yaml: which words it may have (design-words.ts), then the schemas of weir.yaml
 * itself, so that both say the same of a mistake. Ids and paths are still the service's own. What is read once is remembered, for
 * designs of releases are never changed. Pure.
 */
import type { Ai } from '@weir/proto/config/ai.js';
import { type Budget, budgetsSchema } from '@weir/proto/config/ai-budgets.js';
import type { ContractDocument } from '@weir/proto/config/contract.js';
import { inferUpstreamId } from '@weir/proto/config/cross-references.js';
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import { explainIssues } from '@weir/proto/config/issues.js';
import { type Limit, limitsSchema } from '@weir/proto/config/limits.js';
import { type Route, routeSchema } from '@weir/proto/config/route.js';
import { closest } from '@weir/proto/config/suggest.js';
import { quote } from '@weir/proto/config/units.js';
import { type Upstream, upstreamSchema } from '@weir/proto/config/upstream.js';
import type * as z from 'zod';
import type { Design, Plan } from '../../model/entities.js';
import { contractOf, operationOf } from '../compile-contract.js';
import { designPatternsMax, lintPatterns, patternsOf } from '../lint-patterns.js';
import { routeIds, targetId } from '../names.js';
import {
  budgetWords,
  foreignWords,
  limitWords,
  referencesOf,
  routeWords,
  upstreamWords,
  withTeam,
} from './design-words.js';
import { lintTarget } from './machine-addresses.js';
import { parsedAlike } from './parsed-alike.js';
import { lintOwnAi, readAi } from './read-ai.js';

export interface ReadDesign {
  /** Each with an id. */
  readonly upstreams: readonly NamedUpstream[];
  /** Each with an id, and with an upstream where it is sent to one. */
  readonly routes: readonly NamedRoute[];
  /** Models and prompts of its own, with its own names; null: none. */
  readonly ai: Ai | null;
  /** What its routes are held to; null: nothing. */
  readonly contract: ContractDocument | null;
  /** Names of the team's secrets that it uses. */
  readonly secrets: readonly string[];
  /** With an error in it nothing of the design is served. */
  readonly findings: readonly Finding[];
}

export type NamedUpstream = Upstream & { readonly id: string };
export type NamedRoute = Route & { readonly id: string };

/** One design has so many at most, whatever the model lets through. */
export const upstreamsMax = 50;
export const routesMax = 500;
/** Of callers that one limit of a team remembers. */
export const limitKeysMax = 100_000;

const remembered = new WeakMap<Design, { readonly teamId: string; readonly read: ReadDesign }>();

export function readDesign(design: Design, teamId: string): ReadDesign {
  const known = remembered.get(design);
  if (known?.teamId === teamId) return known.read;
  const read = reading(design, teamId);
  remembered.set(design, { teamId, read });
  return read;
}

function reading(design: Design, teamId: string): ReadDesign {
  const { upstreams, routes } = design;
  const contract = documentOf(design);
  const found = [referencesOf(upstreams, ['upstreams']), referencesOf(routes, ['routes'])];
  const own = readAi(design, teamId);
  const secrets = [...new Set([...found.flatMap(({ names }) => names), ...own.secrets])];
  const upstreamsRead = upstreams.map((written, i) =>
    compared(upstreamSchema, written, upstreamWords, teamId, ['upstreams', i]),
  );
  const routesRead = routes.map((written, i) => compared(routeSchema, written, routeWords, teamId, ['routes', i]));
  const sound = <T>(list: readonly { readonly value: T | null }[]): T[] =>
    list.flatMap(({ value }) => (value === null ? [] : [value]));
  const findings = [
    ...found.flatMap((each) => each.findings),
    ...[...upstreamsRead, ...routesRead].flatMap((each) => each.findings),
    ...tooMany('upstreams', upstreams.length, upstreamsMax),
    ...tooMany('routes', routes.length, routesMax),
    ...tooManyPatterns(sound(routesRead)),
    ...own.findings,
    ...contractFindings(contract),
  ];
  const named = sound(upstreamsRead).map(
    (upstream): NamedUpstream => ({ ...upstream, id: upstream.id ?? firstTargetOf(upstream) }),
  );
  const soundRoutes = sound(routesRead);
  const ids = routeIds(soundRoutes);
  const sent = soundRoutes.map(
    (route, i): NamedRoute => ({ ...withUpstream(held(route, design), named), id: ids[i] ?? `route-${i}` }),
  );
  const isWhole = findings.every(({ severity }) => severity !== 'error');
  const references = isWhole ? [...crossFindings(named, sent), ...operationFindings(sent, contract)] : [];
  const lines = isWhole && own.ai !== null ? lintOwnAi(own.ai, sent) : [];
  return {
    ...{ upstreams: named, routes: sent, ai: own.ai, contract, secrets },
    findings: [...findings, ...references, ...lines],
  };
}

function compared<T extends z.ZodType>(
  schema: T,
  written: unknown,
  words: typeof routeWords,
  teamId: string,
  path: Path,
) {
  const foreign = foreignWords(written, words, path);
  if (foreign.length > 0) return { value: null, findings: foreign };
  const value = withTeam(written, teamId);
  const parsed = parsedAlike(schema, value);
  if (parsed.success) return { value: parsed.data, findings: [] };
  const findings = explainIssues(schema, value, parsed.error.issues);
  return { value: null, findings: findings.map((finding) => ({ ...finding, path: [...path, ...finding.path] })) };
}

function tooMany(what: string, count: number, most: number): Finding[] {
  return count <= most
    ? []
    : [findError([what], `there are ${count} of them, and ${most} at most`, 'make two services of it')];
}

function tooManyPatterns(routes: readonly Route[]): Finding[] {
  const count = routes.reduce((sum, route) => sum + patternsOf(route), 0);
  if (count <= designPatternsMax) return [];
  const message = `their conditions have ${count} patterns, and ${designPatternsMax} at most`;
  return [findError(['routes'], message, 'tell routes apart by path, or by values')];
}

function firstTargetOf({ targets }: Upstream): string {
  const [first] = targets;
  return inferUpstreamId(first === undefined ? 'upstream' : targetId(first.url));
}

/** Sent to the only upstream where it does not say to which. */
function withUpstream(route: Route, upstreams: readonly NamedUpstream[]): Route {
  const answers = route.redirect !== undefined || route.respond !== undefined || route.ai !== null || isMocked(route);
  const [only] = upstreams;
  if (answers || route.upstream !== undefined || upstreams.length !== 1 || only === undefined) return route;
  return { ...route, upstream: only.id };
}

const isMocked = ({ contract }: Route): boolean => contract?.mock === true;

/** An operation is held to as the design says; where it is mocked, its examples answer in place of any upstream. */
function held(route: Route, { validate, mock }: Design): Route {
  if (route.contract === undefined) return route;
  const { upstream: _, rewrite: __, ...rest } = route;
  return { ...(mock ? rest : route), contract: { ...route.contract, validate, mock } };
}

function documentOf({ contract }: Design): ContractDocument | null {
  return contract === '' ? null : { text: contract, isInline: false };
}

const CONTRACT_FINDINGS_MAX = 20;

function contractFindings(document: ContractDocument | null): Finding[] {
  if (document === null) return [];
  return contractOf({ document })
    .faults.filter(({ severity }) => severity === 'error')
    .slice(0, CONTRACT_FINDINGS_MAX)
    .map(({ pointer, message, cure }) => findError(['contract'], `${pointer || 'the document'}: ${message}`, cure));
}

function operationFindings(routes: readonly NamedRoute[], document: ContractDocument | null): Finding[] {
  return routes.flatMap(({ contract }, i) => {
    if (contract === undefined) return [];
    const path = ['routes', i, 'contract'];
    if (document === null) return [findError(path, 'the design has no contract', 'import one, or remove this')];
    const known = operationOf(contract, [{ id: '', document }]) !== null;
    return known
      ? []
      : [findError(path, `the contract has no operation ${quote(contract.operation)}`, 'name one by its operationId')];
  });
}

function crossFindings(upstreams: readonly NamedUpstream[], routes: readonly NamedRoute[]): Finding[] {
  const known = new Set(upstreams.map(({ id }) => id));
  return [
    ...twice('upstreams', upstreams),
    ...twice('routes', routes),
    ...upstreams.flatMap(({ targets }, i) =>
      targets.flatMap(({ url }) => lintTarget(url.host, ['upstreams', i, 'targets'])),
    ),
    ...routes.flatMap((route, i) => routeFindings(route, ['routes', i], known)),
  ];
}

function twice(what: string, list: readonly { readonly id: string }[]): Finding[] {
  const seen = new Set<string>();
  return list.flatMap(({ id }, i) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [findError([what, i, 'id'], `${quote(id)} is there twice`, 'give each an id of its own')];
  });
}

function routeFindings(route: NamedRoute, path: Path, known: ReadonlySet<string>): Finding[] {
  const stated = (['upstream', 'redirect', 'respond'] as const).filter((word) => route[word] !== undefined);
  const actions = [...stated, ...(route.ai === null ? [] : ['ai']), ...(isMocked(route) ? ['mock'] : [])];
  const [first, second] = actions;
  if (second !== undefined)
    return [
      findError(
        [...path, second],
        `the route has both \`${first}\` and \`${second}\``,
        'a route does one thing; keep one',
      ),
    ];
  if (first === undefined) {
    const cure = known.size === 0 ? 'add an upstream with a target' : 'add `upstream: ID`';
    return [findError(path, 'it is not said where this route goes', cure)];
  }
  const rewrites = route.rewrite !== undefined && first !== 'upstream';
  return [
    ...(rewrites
      ? [
          findError(
            [...path, 'rewrite'],
            'the route goes to no upstream, so there is no path to rewrite',
            'remove `rewrite`',
          ),
        ]
      : []),
    ...upstreamNamed(route.upstream, [...path, 'upstream'], known),
    ...route.fallback.flatMap(({ upstream }, i) =>
      upstreamNamed(upstream, [...path, 'fallback', i, 'upstream'], known),
    ),
    ...limitFindings(route.limits, [...path, 'limits']),
    ...lengthFindings(route, [...path, 'ai', 'answerCharsMax']),
    ...lintPatterns(route, path),
  ];
}

/** A team's provider may answer anything, and an answer is read as a whole. */
const ANSWER_CHARS_MAX = 8_000_000;

function lengthFindings({ ai }: Route, path: Path): Finding[] {
  if (ai === null || ai.answerCharsMax <= ANSWER_CHARS_MAX) return [];
  return [findError(path, `more than ${ANSWER_CHARS_MAX}`, `write ${ANSWER_CHARS_MAX} or less, or leave it out`)];
}

function upstreamNamed(id: string | undefined, path: Path, known: ReadonlySet<string>): Finding[] {
  if (id === undefined || known.has(id)) return [];
  const meant = closest(id, [...known]);
  const cure = meant === null ? `there is ${[...known].join(', ') || 'none'}` : `did you mean ${meant}?`;
  return [findError(path, `there is no upstream ${quote(id)} in this design`, cure)];
}

function limitFindings(limits: readonly { readonly keys: number }[], path: Path): Finding[] {
  return limits.flatMap(({ keys }, i) =>
    keys > limitKeysMax
      ? [findError([...path, i, 'keys'], `more than ${limitKeysMax}`, `write ${limitKeysMax} or less`)]
      : [],
  );
}

/** Each application has it by itself, unless it says otherwise. */
export const usualBudget = { by: 'consumer' };

export interface ReadPlan {
  readonly limits: readonly Limit[];
  /** Those that are about models. */
  readonly budgets: readonly Budget[];
  readonly findings: readonly Finding[];
}

/** The limits of a plan, as they are written. */
export function readPlan(plan: Plan, path: Path): ReadPlan {
  const limits: Limit[] = [];
  const budgets: Budget[] = [];
  const findings = plan.limits.flatMap((written, i): readonly Finding[] => {
    const at = [...path, 'limits', i];
    if (!isBudget(written)) return readEntry(limitsSchema, written, limitWords, at, limits);
    return readEntry(budgetsSchema(), { ...usualBudget, ...written }, budgetWords, at, budgets);
  });
  return { limits, budgets, findings };
}

/** Of tokens, of money, or of questions whatever they take. */
export function isBudget(written: unknown): written is object {
  return (
    typeof written === 'object' && written !== null && ['tokens', 'cost', 'requests'].some((word) => word in written)
  );
}

function readEntry<T extends { readonly keys: number }>(
  schema: z.ZodType<T[]>,
  written: unknown,
  words: typeof limitWords,
  path: Path,
  into: T[],
): readonly Finding[] {
  const foreign = foreignWords(written, words, path);
  if (foreign.length > 0) return foreign;
  const parsed = schema.safeParse([written]);
  if (!parsed.success)
    return explainIssues(schema, [written], parsed.error.issues).map((finding) => ({
      ...finding,
      path: [...path, ...finding.path.slice(1)],
    }));
  into.push(...parsed.data);
  return limitFindings(parsed.data, path.slice(0, -1));
}
