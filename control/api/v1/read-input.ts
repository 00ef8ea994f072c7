/** What routes of /v1 are sent, checked by their schemas, with each fault in words for whoever sent it. Pure. */
import { type PathStep, renderPath } from '@weir/proto/config/faults.js';
import * as z from 'zod';
import { type ApiFault, type ApiProblem, faulty, refusal } from './problems.js';

export type Input<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: ApiProblem };

/** More would not be read by anybody. */
const FAULTS_MAX = 20;

/** Query and path are part of the URL, so what is wrong with them is a 400; a body that can be read and does not fit is a 422. */
export function readInput<T>(schema: z.ZodType<T>, value: unknown, status: 400 | 422): Input<T> {
  const read = schema.safeParse(value);
  if (read.success) return { ok: true, value: read.data };
  return { ok: false, problem: faulty(status, faultsOf(read.error)) };
}

export function faultsOf(error: z.ZodError): readonly ApiFault[] {
  return error.issues.flatMap(explained).slice(0, FAULTS_MAX);
}

function explained(issue: z.core.$ZodIssue): readonly ApiFault[] {
  const path = issue.path.map(step);
  const one = (message: string, cure: string): readonly ApiFault[] => [{ path: renderPath(path), message, cure }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: renderPath([...path, key.slice(0, 60)]),
        message: 'is not known here',
        cure: 'leave it out, or look for its name in /v1/openapi.json',
      }));
    case 'invalid_type':
      // Zod does not say what it found; its message ends with that.
      return /received undefined$/.test(issue.message)
        ? one('is missing', `add ${kindOf(issue.expected)}`)
        : one(`has to be ${kindOf(issue.expected)}`, `send ${kindOf(issue.expected)}`);
    case 'too_small':
      return one(`is too small or too short: the least is ${issue.minimum}`, `make it at least ${issue.minimum}`);
    case 'too_big':
      return one(`is too large or too long: the most is ${issue.maximum}`, `make it at most ${issue.maximum}`);
    case 'invalid_value':
      return one('is none of the words that it may be', `one of ${issue.values.map(String).join(', ')}`);
    case 'invalid_union':
      return one('fits none of its forms', 'look at them in /v1/openapi.json');
    case 'custom': {
      const cure: unknown = issue.params?.['cure'];
      return one(issue.message, typeof cure === 'string' ? cure : 'change it');
    }
    default:
      // Of texts with a pattern; schemas give a message of their own where the pattern does not speak for itself.
      return one(issue.message, 'change it');
  }
}

function step(part: PropertyKey): PathStep {
  return typeof part === 'number' ? part : String(part);
}

function kindOf(expected: string): string {
  if (expected === 'array') return 'a list';
  return `${/^[aeio]/.test(expected) ? 'an' : 'a'} ${expected}`;
}

const ETAG = /^(?:W\/)?"(\d{1,15})"$/;

/** `If-Match: "3"`; `*` is no condition on a version, for what is not there is missing anyhow. */
export function readIfMatch(field: string | undefined): Input<number | undefined> {
  if (field === undefined || field.trim() === '*') return { ok: true, value: undefined };
  const version = ETAG.exec(field.trim())?.[1];
  if (version !== undefined) return { ok: true, value: Number(version) };
  const detail = 'If-Match is the ETag of one version, such as "3", as the answer to GET has it.';
  return { ok: false, problem: refusal(400, 'Bad Request', detail) };
}

export function isSameVersion(ifNoneMatch: string | undefined, version: number): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => ETAG.exec(tag.trim())?.[1] === String(version));
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;

export function readIdempotencyKey(field: string | undefined): Input<string | undefined> {
  if (field === undefined || IDEMPOTENCY_KEY.test(field)) return { ok: true, value: field };
  const detail = 'Idempotency-Key is 1 to 128 printable characters without spaces, drawn at random.';
  return { ok: false, problem: refusal(400, 'Bad Request', detail) };
}

/**
 * Cookies by name. One that comes twice with two values is none: a page at another port of this host can set one with a longer path, which
 * browsers send first (RFC 6265 §5.4), and its user would act in the session of whoever made that page. Bounded, since it comes from outside.
 */
export function readCookies(field: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const pair of (field ?? '').split(';', 50)) {
    const at = pair.indexOf('=');
    if (at <= 0) continue;
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if ((cookies.get(name) ?? value) !== value) ambiguous.add(name);
    cookies.set(name, value);
  }
  for (const name of ambiguous) cookies.delete(name);
  return cookies;
}

/** A page of a list: `?after=&max=&q=`. */
export const pageQuery = {
  after: z.string().max(200).optional(),
  max: z.coerce.number().int().min(1).max(200).default(50),
  q: z.string().max(200).optional(),
};
