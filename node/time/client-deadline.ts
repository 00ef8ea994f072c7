/**
 * How long a client says it will wait: the deadline field of this gateway (milliseconds) and gRPC's `grpc-timeout`
 * (gRPC over HTTP/2, "Requests": 1 to 8 digits and a unit). The shorter of both counts. A value that cannot be read
 * is an error and not "no deadline": a client that believes it has set one must learn that it has not.
 */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';

/** Milliseconds, or null where the client states nothing; `malformed` names the field that could not be read. */
export type ClientBudget = { readonly budgetMs: number | null } | { readonly malformed: string };

const GRPC_UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const GRPC_TIMEOUT = /^(\d{1,8})([HMSmun])$/;
// Nine digits of milliseconds are eleven days: more is a mistake, and fewer digits keep the arithmetic exact.
const MILLISECONDS = /^\d{1,9}$/;

export const noBudget: ClientBudget = { budgetMs: null };

export function clientBudget(headers: HeaderList, deadlineHeader: string): ClientBudget {
  const own = headerValue(headers, deadlineHeader);
  const grpc = headerValue(headers, 'grpc-timeout');
  if (own === undefined && grpc === undefined) return noBudget;
  let budgetMs = Number.POSITIVE_INFINITY;
  if (own !== undefined) {
    if (!MILLISECONDS.test(own)) return { malformed: deadlineHeader };
    budgetMs = Number(own);
  }
  if (grpc !== undefined) {
    const [, digits, unit] = GRPC_TIMEOUT.exec(grpc) ?? [];
    const unitMs = unit === undefined ? undefined : GRPC_UNIT_MS[unit];
    if (digits === undefined || unitMs === undefined) return { malformed: 'grpc-timeout' };
    budgetMs = Math.min(budgetMs, Number(digits) * unitMs);
  }
  return { budgetMs };
}
