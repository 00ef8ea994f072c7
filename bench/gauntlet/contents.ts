/** The paths that are asked for and the bytes that belong to each, known to clients and replicas alike. Pure. */
import type { Asked } from './scenarios.js';

/** Bytes of every answer: more than one packet of a slow network, well below what `protect` holds back. */
export const BODY_BYTES = 4_096;

/** Small and not empty: retrying has to send it again. */
export const POST_BODY = JSON.stringify({ item: 'weir', count: 1, note: 'x'.repeat(200) });

export const PROBE_PATH = '/healthz';
export const CATALOG_PATHS = 20;

/** Each request has a path of its own, so that an answer that was meant for another is found out. */
export function pathOf(kind: Asked['kind'], index: number): string {
  if (kind === 'catalog') return `/catalog/${index % CATALOG_PATHS}`;
  return kind === 'report' ? `/report/${index}` : `/orders/${index}`;
}

export function bodyOf(path: string): string {
  const start = `{"path":${JSON.stringify(path)},"text":"`;
  return `${start}${'weir '.repeat(BODY_BYTES).slice(0, BODY_BYTES - start.length - 2)}"}`;
}

/** Only the catalog may be cached, and for a second. */
export const cacheControlOf = (path: string): string =>
  path.startsWith('/catalog/') ? 'public, max-age=1' : 'no-store';
