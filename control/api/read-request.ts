/** What all requests to the admin API are read with: a value, or what is wrong with it in words for whoever sent it. Pure. */

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly detail: string };

export function refuse(detail: string): { readonly ok: false; readonly detail: string } {
  return { ok: false, detail };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `12` of a path or a query; null for anything else. */
export function readNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
