/** An inspection of the cache as text for people. Pure. */
import type { CacheInspection, Foretold, StoredVariant } from '@weir/proto/events/cache.js';
import type { InspectOutcome } from '../api/cache-api.js';
import { type Paint, printable, showDuration } from './terminal.js';

export function showInspection(
  url: string,
  { nodes, missing }: InspectOutcome,
  nowWallMs: number,
  paint: Paint,
): string {
  const lines = [paint.bold(printable(url))];
  for (const { node, inspection } of nodes) lines.push(...showNode(node, inspection, nowWallMs, paint));
  for (const { node, reason } of missing) lines.push(`${paint.red(printable(node))} ${printable(reason)}`);
  return `${lines.join('\n')}\n`;
}

function showNode(node: string, inspection: CacheInspection, nowWallMs: number, paint: Paint): string[] {
  const { foretold, variants, isComplete, notStored } = inspection;
  const lines = [`${printable(node)}: ${inWords(foretold, paint)}`];
  if (variants.length === 0) lines.push('  nothing is stored');
  for (const variant of variants) lines.push(...showVariant(variant, paint));
  if (!isComplete)
    lines.push(paint.dim('  there may be more: only the most recently used part of the cache was looked at'));
  if (notStored !== null) {
    const ago = showDuration(Math.max(0, nowWallMs - notStored.atWallMs));
    const why = whyNotStored[notStored.why] ?? notStored.why;
    lines.push(`  not stored, ${ago} ago: an answer of ${notStored.status}, ${printable(why)}`);
  }
  return lines;
}

function inWords(foretold: Foretold, paint: Paint): string {
  if (foretold.kind === 'no-route') return 'no route takes such a request';
  const route = `route ${printable(foretold.route)}`;
  switch (foretold.kind) {
    case 'no-cache':
      return `${route} has no cache`;
    case 'hit': {
      const what = foretold.isStale ? paint.yellow('stale copy') : paint.green('hit');
      return `${what} on ${route}${foretold.refreshes ? ', and refreshed behind it' : ''}`;
    }
    case 'bypass':
      return `goes past the cache of ${route}: ${reasons[foretold.reason] ?? printable(foretold.reason)}`;
    case 'ask':
      return `the upstream of ${route} is asked: ${reasons[foretold.reason] ?? printable(foretold.reason)}`;
    case 'unavailable':
      return `504 on ${route}: only-if-cached, and nothing is stored`;
  }
}

/** Of RFC 9211 §2.2, for people. */
const reasons: Readonly<Record<string, string>> = {
  bypass: 'the route is configured so',
  method: 'its method is not cached',
  'uri-miss': 'nothing is stored for this URL',
  'vary-miss': 'what is stored is for other request fields',
  request: 'the request asks for it',
  stale: 'what is stored is stale, or may not be used without asking',
  partial: 'what is stored is another part',
  miss: 'nothing fits',
  body: 'answers to POST are told apart by the body, which is not known here; what is stored of them is below',
};

function showVariant(variant: StoredVariant, paint: Paint): string[] {
  const { status, ageS, freshS, freshBy, purged } = variant;
  const seconds = (s: number): string => showDuration(Math.abs(s) * 1_000);
  const lasts =
    freshS > 0 ? paint.green(`fresh for ${seconds(freshS)}`) : paint.yellow(`stale since ${seconds(freshS)}`);
  const by = freshBy === 'none' ? 'nobody said for how long' : `by ${freshBy}`;
  const state = purged === 'hard' ? paint.red('purged, not reclaimed yet') : `${lasts} (${by})`;
  const lines = [
    `  ${status} ${printable(variant.contentType ?? '')} ${variant.bodyBytes} B on ${printable(variant.route)}, ${seconds(ageS)} old, ${state}`,
  ];
  const more = (name: string, text: string | null): void => {
    if (text !== null && text !== '') lines.push(`    ${name.padEnd(9)} ${printable(text)}`);
  };
  more('url', variant.url);
  more('etag', variant.etag);
  more('part', variant.part);
  more('vary', variant.vary.join(', '));
  more('tags', variant.tags.join(' '));
  more('stale', staleUse(variant));
  more('purged', purged === 'soft' ? 'soft: stale since then' : null);
  return lines;
}

function staleUse({ alwaysAsks, staleWhileRevalidateS, staleIfErrorS }: StoredVariant): string | null {
  if (alwaysAsks) return 'never used without asking (no-cache)';
  const parts: string[] = [];
  if (staleWhileRevalidateS > 0) parts.push(`${showDuration(staleWhileRevalidateS * 1_000)} while it is revalidated`);
  if (staleIfErrorS > 0) parts.push(`${showDuration(staleIfErrorS * 1_000)} for an upstream that fails or is slow`);
  return parts.length === 0 ? null : `may be used ${parts.join(', and ')}`;
}

/** The reasons of docs/cache.md. */
const whyNotStored: Readonly<Record<string, string>> = {
  method: 'since only answers to GET are stored',
  status: 'whose status is not stored',
  broken: 'whose Cache-Control contradicts itself',
  'request-no-store': 'since the client said no-store',
  'no-store': 'since the origin said no-store',
  private: 'since the origin said private',
  authorization: 'to a request with Authorization, without leave of the origin (public, s-maxage, must-revalidate)',
  'not-said': 'since the origin does not say how long it is fresh',
  vary: 'since it has Vary: *',
  'set-cookie': 'since it sets a cookie (cache.setCookie)',
  partial: 'which is a part that can not be placed',
  useless: 'which could never be used: not fresh, and nothing to validate it with',
  tags: 'with more tags than are kept',
  'too-large': 'whose body is too long (maxBody)',
  'no-room': 'when as many bodies were being stored as may be (gateway.cache.writing)',
  incomplete: 'which broke off',
  'not-admitted': 'since what is stored is asked for more, and there is no room for both',
  overtaken: 'which was purged on its way, or older than what is stored',
};
