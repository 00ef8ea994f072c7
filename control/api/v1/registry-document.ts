/**
 * The registry as one document, out and in: for a backup, for a copy in a repository, and for another Weir. Applying it makes and changes what it
 * names, takes nothing away, and does nothing the second time.
 *
 *   GET  /v1/registry?format=yaml|json&hashes=yes    with `hashes`: also of passwords and keys, and sealed secrets
 *   POST /v1/registry/preview                        what applying it would do
 *   POST /v1/registry?reason=                        does it, in parts: what was done before a refusal stays, and is no difference the next time
 */
import { sourceBytesMax } from '@weir/proto/config/yaml-source.js';
import * as z from 'zod';
import type { RegistryDocument } from '../../model/document-schema.js';
import {
  applyDocument,
  documentCharsMax,
  exportDocument,
  previewDocument,
  readDocument,
  showDocument,
} from '../../registry/document.js';
import { type ApiAnswer, type ApiRoute, apiRoute } from './api-route.js';
import type { ManagementSources } from './management.js';
import { type ApiFault, type ApiProblem, faulty, notDone, refusal } from './problems.js';

export type DocumentSources = Pick<ManagementSources, 'registry' | 'canOpen' | 'reservedPaths'>;

const base = { area: 'registry', needs: 'operator' } as const;
const REGISTRY = '/v1/registry';
const text = z.string().max(documentCharsMax);
/** Beyond ASCII a character takes more bytes than one. */
const BODY_BYTES_MAX = 2 * documentCharsMax;
/** Drafts and releases of a larger one are no text that anybody could put in again. */
const EXPORT_CHARS_MAX = 4 * documentCharsMax;
/** More would be read by nobody, and is counted. */
const DIFFERENCES_MAX = 10_000;

export function documentRoutes(sources: DocumentSources): readonly ApiRoute[] {
  return [get(sources), preview(sources), apply(sources)];
}

function get({ registry }: DocumentSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: REGISTRY, name: 'getRegistry' },
    summary: 'All that people manage as one document',
    query: z.strictObject({
      format: z.enum(['yaml', 'json']).default('yaml'),
      hashes: z.enum(['yes', 'no']).default('no'),
    }),
    async handle({ query: { format, hashes } }): Promise<ApiAnswer> {
      // Its writer takes a while, and meanwhile nobody else is answered. A draft and its release count twice.
      if (format === 'yaml' && registry.designsChars > 2 * sourceBytesMax) return tooLargeForYaml;
      if (registry.designsChars > EXPORT_CHARS_MAX)
        return refusal(422, 'Too Large', 'The registry is too large for one document; keep a copy of its file.');
      const document = exportDocument(registry, { withHashes: hashes === 'yes' });
      const shown = showDocument(document, format);
      if (format === 'yaml' && shown.length > sourceBytesMax) return tooLargeForYaml;
      return { status: 200, contentType: format === 'json' ? 'application/json' : 'application/yaml', text: shown };
    },
  });
}

const tooLargeForYaml = refusal(
  422,
  'Too Large',
  'The registry is too large for YAML that could be read again; ask for ?format=json.',
);

function preview(sources: DocumentSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: `${REGISTRY}/preview`, name: 'previewRegistry', does: 'read' },
    summary: 'What applying a document would make and change',
    ...{ body: text, bodyIs: 'text', bodyBytesMax: BODY_BYTES_MAX },
    async handle({ body }) {
      const read = readSound(body, sources);
      if ('problem' in read) return read;
      const { differences, faults, notes } = previewDocument(
        sources.registry,
        read.document,
        sources.reservedPaths?.() ?? [],
      );
      return {
        status: 200,
        body: { count: differences.length, differences: differences.slice(0, DIFFERENCES_MAX), faults, notes },
      };
    },
  });
}

function apply(sources: DocumentSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: REGISTRY, name: 'applyRegistry' },
    summary: 'Make and change what a document names',
    query: z.strictObject({ reason: z.string().max(1_000).default('') }),
    ...{ body: text, bodyIs: 'text', bodyBytesMax: BODY_BYTES_MAX },
    async handle({ body, caller, query: { reason } }) {
      const { registry } = sources;
      const read = readSound(body, sources);
      if ('problem' in read) return read;
      // As a whole before any part of it, so that a fault in the last one changes nothing.
      const { faults } = previewDocument(registry, read.document, sources.reservedPaths?.() ?? []);
      if (faults.length > 0) return faulty(422, faults);
      const { refused, entries, notes } = await applyDocument(registry, read.document, caller.actor, reason);
      if (refused === null) return { status: 200, body: { entries, notes } };
      return entries === 0 ? notDone(refused) : withWhatIsDone(notDone(refused), entries);
    },
  });
}

function readSound(body: string, { canOpen }: DocumentSources): ApiProblem | { readonly document: RegistryDocument } {
  const read = readDocument(body);
  if (!read.ok) return faulty(422, read.faults);
  const { document } = read;
  const faults = document.secrets.flatMap(({ team, name, sealed }, at): ApiFault[] => {
    if (sealed === undefined || canOpen === undefined) return [];
    const id = `${team}/${name}`;
    const secret = { id, teamId: team, name, sealed, version: 1, createdWallMs: 0, changedWallMs: 0 };
    if (canOpen(secret)) return [];
    const cure = 'give this control the key of the Weir that it comes from, or leave `sealed` out';
    return [{ path: `secrets[${at}].sealed`, message: `can not be opened with the key of this control`, cure }];
  });
  return faults.length === 0 ? { document } : faulty(422, faults.slice(0, 50));
}

function withWhatIsDone({ problem }: ApiProblem, entries: number): ApiProblem {
  const detail = `${entries} parts of it are done, and are no difference any more: ${problem.detail}`;
  return { problem: { ...problem, detail, more: { ...problem.more, entries } } };
}
