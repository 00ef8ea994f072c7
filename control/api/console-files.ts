/**
 * The web console's files: the page at `/` for browsers (programs get the index of the API there), and what it loads below `/assets/`.
 * They are built beforehand (control/console), compressed beforehand, and none of them is secret: no credential is asked for.
 *
 * All of it is read at the start and held, 2 MiB with its compressed forms: a build that puts other files in their place takes none away from
 * pages that are open, and no request waits for a disk.
 *
 * The page is never stored, so a new release is seen at once; assets have a hash in their names, and are kept for ever. The
 * policy of the page lets nothing run, load or connect but what this server sends. The component library writes style elements,
 * so these have a nonce of their own with each page; scripts never stand in the page.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problem, sendProblem } from './problem.js';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** What the build writes where a nonce has to stand. */
const NONCE_PLACE = /__WEIR_NONCE__/g;

/** Best first. */
const CODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

/** `dist/web` of the console, seen from the sources as well as from what is compiled of them. */
export const consoleFolders: readonly string[] = ['../console/dist/web', '../../console/dist/web'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

export interface ConsoleFiles {
  /** True when the request was a browser's, and has its answer. */
  answerPage(request: FastifyRequest, reply: FastifyReply): Promise<boolean>;
}

/** `config`: that they are for anybody. Adds `/assets/*`. Without a built console there is none, and `/` is the index of the API for everybody. */
export function addConsoleFiles(
  server: FastifyInstance,
  config: FastifyContextConfig = {},
  folders = consoleFolders,
): ConsoleFiles {
  const { page, assets } = builtOf(folders);
  server.get<{ Params: { name: string } }>('/assets/:name', { config }, async ({ params, headers }, reply) => {
    const { name } = params;
    const type = CONTENT_TYPES[extname(name)];
    // A name is never made a path.
    const plain = assets.get(name);
    if (type === undefined || plain === undefined) {
      return sendProblem(reply, problem(404, 'Not Found', 'There is no such file; load the console anew.'));
    }
    const coding = codingFor(headers['accept-encoding'] ?? '', (suffix) => assets.has(name + suffix));
    reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').header('vary', 'accept-encoding');
    if (coding !== null) reply.header('content-encoding', coding.name);
    return reply.send(coding === null ? plain : assets.get(name + coding.suffix));
  });
  return {
    async answerPage(request, reply) {
      if (page === null || !wantsPage(request.headers.accept)) return false;
      const nonce = randomBytes(16).toString('base64url');
      await reply
        .type('text/html; charset=utf-8')
        .headers({ ...PAGE_FIELDS, 'content-security-policy': policyWith(nonce) })
        .send(page.replace(NONCE_PLACE, nonce));
      return true;
    },
  };
}

const PAGE_FIELDS = {
  'cache-control': 'no-store',
  vary: 'accept',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

export function policyWith(nonce: string): string {
  return [
    "default-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Browsers name HTML when they open an address; programs take anything, or JSON. */
export function wantsPage(accept: string | undefined): boolean {
  return accept !== undefined && /(^|,)\s*text\/html\b/.test(accept);
}

/** The best coding that the client takes and that there is; null: as it is. */
export function codingFor(
  accepted: string,
  has: (suffix: string) => boolean,
): { readonly name: string; readonly suffix: string } | null {
  const taken = accepted
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
    .map((part) => part.replace(/\s*;.*/, ''));
  return CODINGS.find(({ name, suffix }) => taken.includes(name) && has(suffix)) ?? null;
}

interface Built {
  /** Null: there is none. */
  readonly page: string | null;
  /** By name, with the compressed forms under names of their own. */
  readonly assets: ReadonlyMap<string, Buffer>;
}

function builtOf(folders: readonly string[]): Built {
  for (const folder of folders) {
    try {
      const page = readFileSync(join(folder, 'index.html'), 'utf8');
      const names = readdirSync(join(folder, 'assets'));
      return { page, assets: new Map(names.map((name) => [name, readFileSync(join(folder, 'assets', name))])) };
    } catch {
      // Not built, or not here.
    }
  }
  return { page: null, assets: new Map() };
}
