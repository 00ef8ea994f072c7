/** What travels over an IPC channel so that a process and its children share one bus. Both directions use the same kinds. */
import { z } from 'zod';
import { messageBytesMax, subscriptionsMax } from '../bus/bus.js';
import { isPattern, isSubject } from '../bus/subject.js';
import { type Decode, MESSAGE_VERSION, messageDecoder } from './message.js';

const v = z.literal(MESSAGE_VERSION);

/** Somebody has published; `replyTo` is empty where nobody gathers. */
export interface BusCarried {
  readonly v: 1;
  readonly kind: 'bus.carried';
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly replyTo: string;
}

/** Child → parent: the patterns that are wanted from now on, all of them. */
export interface BusInterest {
  readonly v: 1;
  readonly kind: 'bus.interest';
  readonly patterns: readonly string[];
}

export type BusFrame = BusCarried | BusInterest;

const carried: z.ZodType<BusCarried> = z.object({
  v,
  kind: z.literal('bus.carried'),
  subject: z.string().refine(isSubject),
  bytes: z.instanceof(Uint8Array).refine(({ length }) => length <= messageBytesMax),
  replyTo: z.string().refine((text) => text === '' || isSubject(text)),
});

const interest: z.ZodType<BusInterest> = z.object({
  v,
  kind: z.literal('bus.interest'),
  // One more than subscriptions: replies have a pattern of their own.
  patterns: z.array(z.string().refine(isPattern)).max(subscriptionsMax + 1),
});

export const decodeBusFrame: Decode<BusFrame> = messageDecoder<BusFrame>({
  'bus.carried': carried,
  'bus.interest': interest,
});
