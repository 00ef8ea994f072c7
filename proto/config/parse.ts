/**
 * weir.yaml from text to typed values, with every fault in it and the place of each. Pure: the environment is passed in.
 *
 * Entries (the gateway, each upstream, route and consumer) are compared with the schema one by one. What is sound comes
 * out as a draft even when other entries are faulty, so that the checks across entries have something to look at and a
 * person sees all faults at once instead of one per try. Hostile text gives faults like any other text; nothing throws.
 */
import type * as z from 'zod';
import type { Environment } from '../snapshot/secret-text.js';
import type { Ai } from './ai.js';
import { soundAi } from './ai-draft.js';
import { conceal } from './conceal.js';
import { type Consumer, consumerSchema } from './consumers.js';
import { type ContractEntry, contractSchema } from './contract.js';
import { findReferenceFaults } from './cross-references.js';
import { documentSchema, type WeirConfig } from './document.js';
import { byPlace, type Fault, type Finding, findError, type Path, renderPath, shownPath } from './faults.js';
import { type Gateway, gatewaySchema } from './gateway.js';
import { explainIssues, valueAt } from './issues.js';
import { readDocument } from './read-document.js';
import { type Route, routeSchema } from './route.js';
import { type Substituted, substitute } from './substitute.js';
import { type Upstream, upstreamSchema } from './upstream.js';
import { DUPLICATE, readYaml, type Source } from './yaml-source.js';

/** What is sound of a config; null stands where an entry is faulty, so that positions stay those of the file. */
export interface Draft {
  readonly gateway: Gateway | null;
  readonly upstreams: readonly (Upstream | null)[];
  readonly routes: readonly (Route | null)[];
  readonly consumers: readonly (Consumer | null)[];
  readonly contracts: readonly (ContractEntry | null)[];
  /** Without what is faulty in it; its entries know their places. Null where there is none. */
  readonly ai: Ai | null;
}

export interface ParsedConfig {
  /** Null when there is any error. */
  readonly config: WeirConfig | null;
  readonly draft: Draft;
  /** Errors and warnings in the order of the file. */
  readonly faults: readonly Fault[];
  /** As it is written: references stay references. */
  readonly written: unknown;
  /** Gives findings of later checks their place. */
  readonly place: (findings: readonly Finding[]) => Fault[];
}

/** More than a screen of faults helps nobody, and a generated file can have one per line. */
export const faultsMax = 200;

const EMPTY: Draft = { gateway: null, upstreams: [], routes: [], consumers: [], contracts: [], ai: null };
const LEAST =
  'the least that works:\nupstreams: [{ id: app, targets: ["http://127.0.0.1:9000"] }]\nroutes: [{ match: /* }]';

export function parseConfig(text: string, environment: Environment): ParsedConfig {
  const source = readYaml(text);
  const syntax = source.syntax.map(({ place, severity, message, cure }) => ({
    severity,
    ...place,
    path: '',
    message,
    cure,
  }));
  if (syntax.some(({ severity }) => severity === 'error')) {
    // What a broken text means is a guess; faults found in a guess would send the reader the wrong way.
    return finish(null, EMPTY, syntax, source, null);
  }
  if (source.value === undefined || source.value === null) {
    const empty = source.findings.length > 0 ? [] : [findError([], 'the file is empty', LEAST)];
    return finish(null, EMPTY, [...syntax, ...locate(source, null, [...source.findings, ...empty])], source, null);
  }
  const filled = substitute(documentSchema, source.value, source.plain, environment);
  const { draft, findings, config } = compare(filled.value);
  // A reference that could not be filled leaves a gap; that the gap is no duration is not a second fault.
  const gaps = new Set(filled.findings.map(({ path }) => renderPath(path)));
  const beyond = findings.filter(({ path }) => !gaps.has(renderPath(path)));
  const all = [...source.findings, ...filled.findings, ...beyond];
  return finish(config, draft, [...syntax, ...locate(source, filled, all)], source, filled);
}

function finish(
  config: WeirConfig | null,
  draft: Draft,
  faults: readonly Fault[],
  source: Source,
  filled: Substituted | null,
): ParsedConfig {
  const sound = faults.every(({ severity }) => severity !== 'error');
  const place = (findings: readonly Finding[]) => locate(source, filled, findings);
  return { config: sound ? config : null, draft, faults: bounded(faults), written: source.value, place };
}

/** In the order of the file, cut at a readable number with a note of how many there are. */
export function bounded(faults: readonly Fault[]): Fault[] {
  const sorted = [...faults].sort(byPlace);
  const rest = sorted.length - faultsMax;
  const cut = sorted[faultsMax];
  if (cut === undefined) return sorted;
  return [
    ...sorted.slice(0, faultsMax),
    { ...cut, severity: 'error', path: '', message: `and ${rest} more`, cure: null },
  ];
}

function locate(source: Source, filled: Substituted | null, findings: readonly Finding[]): Fault[] {
  return findings.map(({ severity, path, message, cure }) => {
    const shown = path.at(-1) === DUPLICATE ? path.slice(0, -1) : path;
    const hide = (text: string): string => withoutFilled(text, filled, path);
    return {
      severity,
      ...source.locate(path),
      path: hide(shownPath(shown)),
      message: hide(message),
      cure: cure === null ? null : hide(cure),
    };
  });
}

/** At its own path a filled text is replaced whole; anywhere else, each variable's value is. */
function withoutFilled(text: string, filled: Substituted | null, path: Path): string {
  if (filled === null) return text;
  const own = filled.filled.get(renderPath(path));
  const rest = own === undefined || own.text === '' ? text : text.replaceAll(own.text, () => own.template);
  return conceal(rest, filled.variables);
}

interface Compared {
  readonly config: WeirConfig | null;
  readonly draft: Draft;
  readonly findings: readonly Finding[];
}

function compare(value: unknown): Compared {
  const whole = readDocument(value);
  const references = findReferenceFaults(value);
  if (whole.success) {
    const { gateway, upstreams, routes, consumers, contracts, ai = null } = whole.data;
    const draft = { gateway, upstreams, routes, consumers, contracts, ai };
    return { config: whole.data, draft, findings: references };
  }
  const findings = [...explainIssues(documentSchema, value, whole.error.issues), ...references];
  const draft: Draft = {
    gateway: sound(gatewaySchema, valueAt(value, ['gateway']) ?? {}),
    upstreams: each(upstreamSchema, valueAt(value, ['upstreams'])),
    routes: each(routeSchema, valueAt(value, ['routes'])),
    consumers: each(consumerSchema, valueAt(value, ['consumers'])),
    contracts: each(contractSchema, valueAt(value, ['contracts'])),
    ai: soundAi(value),
  };
  return { config: null, draft, findings };
}

function each<T extends z.ZodType>(schema: T, list: unknown): (z.output<T> | null)[] {
  return Array.isArray(list) ? list.map((entry) => sound(schema, entry)) : [];
}

function sound<T extends z.ZodType>(schema: T, value: unknown): z.output<T> | null {
  const result = schema.safeParse(value);
  return result.success ? result.data : null;
}
