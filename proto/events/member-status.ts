/**
 * What a member answers when it is asked for its status (`ask('status')`): what a heartbeat is too short for. Whoever shows all
 * of a cluster asks each of them.
 */
import { z } from 'zod';
import { isName } from './guards.js';
import { type Role, roles } from './membership.js';

export interface MemberStatus {
  readonly kind: 'member.status';
  readonly id: string;
  readonly role: Role;
  /** Name of its machine. */
  readonly host: string;
  readonly pid: number;
  readonly startedWallMs: number;
  readonly state: 'starting' | 'serving' | 'draining';
  /** `host:port` of traffic and of metrics, of a control's admin API in the place of both; empty where there is none. */
  readonly traffic: string;
  readonly metrics: string;
  /** Whether traffic is spoken to by TLS; left out: it is not, or an earlier release does not say it. */
  readonly isTls?: boolean;
  readonly snapshotVersion: number;
  readonly snapshotHash: string;
  readonly connections: number;
  readonly exchanges: number;
  readonly rssBytes: number;
  readonly loadPermille: number;
  /** How late its event loop runs: the 99th percentile of ten seconds. */
  readonly loopDelayMs: number;
  /** What should not last, in words for people. */
  readonly warnings: readonly string[];
}

export const warningsMax = 20;
export const warningLengthMax = 500;

/** Without blanks; what is shown in a table. */
const word = z.string().regex(/^\S{0,256}$/);
const count = z.number().int().nonnegative();
const memberStatus: z.ZodType<MemberStatus> = z
  .object({
    kind: z.literal('member.status'),
    id: z.custom<string>(isName),
    role: z.enum(roles),
    host: word,
    pid: count,
    startedWallMs: count,
    state: z.enum(['starting', 'serving', 'draining']),
    traffic: word,
    metrics: word,
    isTls: z.boolean().optional(),
    snapshotVersion: count,
    snapshotHash: z.string().regex(/^([0-9a-f]{64})?$/),
    connections: count,
    exchanges: count,
    rssBytes: count,
    loadPermille: count,
    loopDelayMs: count,
    warnings: z.array(z.string().max(warningLengthMax)).max(warningsMax),
  })
  .transform(({ isTls, ...rest }) => ({ ...rest, ...(isTls === undefined ? {} : { isTls }) }));

export function readMemberStatus(value: unknown): MemberStatus | null {
  const parsed = memberStatus.safeParse(value);
  return parsed.success ? parsed.data : null;
}
