/** The refusals that all routes of /v1 share, in one wording each. Pure. */
import type { Executed } from '../../registry/registry.js';
import type { ApiAnswer } from './api-route.js';

export interface ApiFault {
  /** `plans[0].limits`; empty: the whole. */
  readonly path: string;
  readonly message: string;
  readonly cure: string;
}

export type ApiProblem = Extract<ApiAnswer, { readonly problem: unknown }>;

export function refusal(status: number, title: string, detail: string, more?: object): ApiProblem {
  return { problem: { status, title, detail, ...(more === undefined ? {} : { more }) } };
}

/** The same for what there is not and for what one may not know of, so that nobody learns by it which ids are taken. */
export const missing: ApiProblem = refusal(404, 'No Such Thing', 'There is no such thing, or it is not yours to see.');

/** `Basic` would make a browser ask for a password by itself. */
export const nobody: ApiProblem = {
  problem: {
    status: 401,
    title: 'Not Signed In',
    detail: 'Sign in (POST /v1/session), or send a token: Authorization: Bearer weir_t_….',
    headers: { 'www-authenticate': 'Bearer realm="weir"' },
  },
};

export const unknownToken: ApiProblem = {
  problem: {
    status: 401,
    title: 'Unknown Token',
    detail: 'This token is not known: it was mistyped or revoked, has expired, or its user may no longer sign in.',
    headers: { 'www-authenticate': 'Bearer realm="weir", error="invalid_token"' },
  },
};

export const passwordIsDue: ApiProblem = refusal(
  403,
  'Password Change Needed',
  'Somebody else has made this password. Choose your own first: PUT /v1/session/password.',
  { code: 'password-change-needed' },
);

export function forbidden(detail: string): ApiProblem {
  return refusal(403, 'Forbidden', detail);
}

export function faulty(status: 400 | 422, faults: readonly ApiFault[]): ApiProblem {
  const [first] = faults;
  const where = first === undefined || first.path === '' ? '' : `\`${first.path}\` `;
  const others = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const detail = `${where}${first?.message ?? 'It can not be read.'}${others}`;
  return refusal(status, status === 400 ? 'Bad Request' : 'Faulty Input', detail, { faults });
}

/** As the IETF's draft on the field has it: 422, for nothing that the client does with this key will be another request. */
export const keyReused: ApiProblem = refusal(
  422,
  'Key Used Before',
  'This Idempotency-Key came with another body before; draw a new one.',
);

const RETRY_AFTER = '2';

/** Why the registry has not done what it was told. */
export function notDone(executed: Executed & { readonly ok: false }): ApiProblem {
  const { why, detail } = executed;
  switch (why) {
    case 'missing':
      return missing;
    case 'forbidden':
      return forbidden(detail);
    case 'conflict':
      return refusal(409, 'Conflict', detail);
    case 'outdated':
      return refusal(412, 'Changed Meanwhile', detail);
    case 'invalid':
      return refusal(422, 'Faulty Input', detail, { faults: executed.faults ?? [] });
    case 'reused':
      return keyReused;
    case 'away':
      return {
        problem: {
          ...{ status: 503, title: 'Service Unavailable', detail: `Nothing was changed: ${detail}` },
          headers: { 'retry-after': RETRY_AFTER },
        },
      };
    case 'too many':
      return {
        problem: {
          ...{ status: 429, title: 'Too Many Changes', detail },
          headers: { 'retry-after': String(Math.max(1, Math.ceil((executed.waitMs ?? 0) / 1_000))) },
        },
      };
    case 'uncertain':
      return refusal(504, 'Uncertain', `Ask again with the same Idempotency-Key, which is safe: ${detail}`);
  }
}
