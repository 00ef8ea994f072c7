/**
 * The registry as one document, out and in: all of it as YAML or JSON, and back with a look at the differences first.
 *
 *     exportDocument ─▶ text ─▶ readDocument ─▶ previewDocument ─▶ applyDocument
 *
 * A large one is applied in parts, each a command of its own (`registry.import`) that leaves every rule kept: users, teams, services with their releases,
 * applications with their keys, subscriptions, secrets. Whatever ends it in between, it can be applied again: what is there already is no difference.
 */
import { linesOf } from '@weir/proto/config/entities.js';
import { shownPath } from '@weir/proto/config/faults.js';
import { explainIssues } from '@weir/proto/config/issues.js';
import { readYaml, sourceBytesMax } from '@weir/proto/config/yaml-source.js';
import { compareDocument, type Difference } from '../model/decide-import.js';
import type { InputFault, ModelState } from '../model/decision.js';
import { documentSchema, type RegistryDocument } from '../model/document-schema.js';
import type { Actor, Service } from '../model/entities.js';
import type { Executed, Registry } from './registry.js';

/** As JSON; of YAML `sourceBytesMax`, for its reader takes a hundred times as long. */
export const documentCharsMax = 32 * 1024 * 1024;

export interface ExportOptions {
  /** Hashes of passwords and keys, and sealed secrets: for a move to another control alone, which has the same key for secrets. */
  readonly withHashes?: boolean;
}

export function exportDocument(state: ModelState, { withHashes = false }: ExportOptions = {}): RegistryDocument {
  const loginOf = (id: string): string | null => state.get('user', id)?.login ?? null;
  return {
    version: 1,
    users: [...state.all('user')].map(({ login, name, isOperator, isDisabled, oidc, passwordHash }) => ({
      ...{ login, name, isOperator, isDisabled, oidc },
      ...(withHashes && passwordHash !== null ? { passwordHash } : {}),
    })),
    teams: [...state.all('team')].map(({ id, name, description, members }) => ({
      ...{ id, name, description },
      members: Object.fromEntries(Object.entries(members).map(([user, role]) => [loginOf(user) ?? user, role])),
    })),
    services: [...state.all('service')].map((service) => exportService(state, service, loginOf)),
    applications: [...state.all('application')].map(({ id, teamId: team, name, description, isDisabled }) => ({
      ...{ id, team, name, description, isDisabled },
      keys: [...state.of('key', 'applicationId', id)].map(
        ({ name: key, lastFour, expiresWallMs, sha256, publicKey }) => ({
          ...{ name: key, lastFour, expiresWallMs, ...(publicKey === undefined ? {} : { publicKey }) },
          ...(withHashes ? { sha256 } : {}),
        }),
      ),
    })),
    subscriptions: [...state.all('subscription')].map(
      ({ serviceId, applicationId, planId, state: standing, reason, opinion }) => ({
        ...{ service: serviceId, application: applicationId, plan: planId, state: standing, reason, opinion },
      }),
    ),
    secrets: [...state.all('secret')].map(({ teamId: team, name, sealed }) => ({
      team,
      name,
      ...(withHashes ? { sealed } : {}),
    })),
  };
}

function exportService(
  state: ModelState,
  service: Service,
  loginOf: (id: string) => string | null,
): RegistryDocument['services'][number] {
  const { id, teamId, version: _, createdWallMs: __, changedWallMs: ___, lastRelease: ____, ...rest } = service;
  const releases = [...state.of('release', 'serviceId', id)].sort((a, b) => a.number - b.number);
  // What is only to be read in entities is to be written in the schema's type; the values are the same.
  return {
    ...(rest as unknown as RegistryDocument['services'][number]),
    ...{ id, team: teamId },
    releases: releases.map(({ number, notes, byUserId, design }) => ({
      number,
      notes,
      by: loginOf(byUserId) ?? '',
      design,
    })),
  } as RegistryDocument['services'][number];
}

export function showDocument(document: RegistryDocument, format: 'yaml' | 'json'): string {
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`;
  return `${linesOf({ kind: 'gateway', name: '', value: document }).join('\n')}\n`;
}

export type ReadDocument =
  | { readonly ok: true; readonly document: RegistryDocument }
  | { readonly ok: false; readonly faults: readonly InputFault[] };

const FAULTS_MAX = 50;

/** Never throws, whatever the text is. */
export function readDocument(text: string): ReadDocument {
  const isJson = /^\s*\{/.test(text);
  if (text.length > (isJson ? documentCharsMax : sourceBytesMax)) {
    const cure = isJson ? 'import it in several parts' : 'export it as JSON, which may be longer';
    return failed({ path: '', message: `${text.length} characters are more than may be`, cure });
  }
  const value = isJson ? parsedJson(text) : parsedYaml(text);
  if ('fault' in value) return failed(value.fault);
  const parsed = documentSchema.safeParse(value.value);
  if (parsed.success) return { ok: true, document: parsed.data };
  const faults = explainIssues(documentSchema, value.value, parsed.error.issues).slice(0, FAULTS_MAX);
  return failed(
    ...faults.map(({ path, message, cure }) => ({
      path: shownPath(path),
      message,
      cure: cure ?? 'write what is described',
    })),
  );
}

type Parsed = { readonly value: unknown } | { readonly fault: InputFault };

function parsedJson(text: string): Parsed {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { fault: { path: '', message: `this is no JSON: ${String(error)}`, cure: 'export it anew' } };
  }
}

function parsedYaml(text: string): Parsed {
  const source = readYaml(text);
  const fault = [...source.syntax, ...source.findings].find(({ severity }) => severity === 'error');
  if (fault === undefined) return { value: source.value };
  return { fault: { path: shownPath(fault.path), message: fault.message, cure: fault.cure ?? 'export it anew' } };
}

function failed(...faults: InputFault[]): ReadDocument {
  return { ok: false, faults };
}

export interface Preview {
  readonly differences: readonly Difference[];
  readonly faults: readonly InputFault[];
  /** What can't be made of the document: keys without hashes, secrets without values. */
  readonly notes: readonly string[];
}

/** What applying it would do. */
export function previewDocument(
  state: ModelState,
  document: RegistryDocument,
  reservedPaths: readonly string[],
): Preview {
  const actor: Actor = { userId: '', login: '', via: 'none', from: '' };
  const { differences, faults, notes } = compareDocument(state, document, {
    actor,
    wallMs: 0,
    newId: 'new',
    facts: {},
    reservedPaths,
  });
  return { differences, faults, notes };
}

export interface Applied {
  /** Null: all of it. Else the first refusal; what was before it is done. */
  readonly refused: (Executed & { ok: false }) | null;
  readonly entries: number;
  readonly notes: readonly string[];
}

export async function applyDocument(
  registry: Registry,
  document: RegistryDocument,
  actor: Actor,
  reason: string,
): Promise<Applied> {
  const notes: string[] = [];
  let entries = 0;
  for (const part of partsOf(document)) {
    const preview = previewDocument(registry, part, []);
    notes.push(...preview.notes);
    if (preview.differences.length === 0 && preview.faults.length === 0) continue;
    const executed = await registry.execute({ what: 'registry.import', actor, reason, input: part });
    if (!executed.ok) return { refused: executed, entries, notes };
    entries += 1;
  }
  return { refused: null, entries, notes };
}

/** Of one part, as JSON: far more than fits deflated is never needed at once, and one service alone may be larger. */
const PART_CHARS_MAX = 1024 * 1024;
const PART_ITEMS_MAX = 500;

const lists = ['users', 'teams', 'services', 'applications', 'subscriptions', 'secrets'] as const;

/** In an order in which each part names only what is in itself or in those before it. */
export function* partsOf(document: RegistryDocument): Iterable<RegistryDocument> {
  const empty: RegistryDocument = {
    version: 1,
    users: [],
    teams: [],
    services: [],
    applications: [],
    subscriptions: [],
    secrets: [],
  };
  for (const list of lists) {
    let [items, chars]: [unknown[], number] = [[], 0];
    for (const item of document[list]) {
      const length = JSON.stringify(item).length;
      if (items.length > 0 && (items.length >= PART_ITEMS_MAX || chars + length > PART_CHARS_MAX)) {
        yield { ...empty, [list]: items };
        [items, chars] = [[], 0];
      }
      items.push(item);
      chars += length;
    }
    if (items.length > 0) yield { ...empty, [list]: items };
  }
}
