/** The life of a node process as its supervisor sees and steers it. */
import { z } from 'zod';
import { MESSAGE_VERSION } from './message.js';

const v = z.literal(MESSAGE_VERSION);

/** Node → control: the process is up, serves metrics at this address, and waits for a snapshot. */
export interface NodeReady {
  readonly v: 1;
  readonly kind: 'node.ready';
  readonly pid: number;
  readonly metrics: { readonly host: string; readonly port: number };
  /** What secrets are sealed for, as long as this process lives. Left out by an earlier release. */
  readonly boxKey?: string;
}

const ready = z.object({
  v,
  kind: z.literal('node.ready'),
  pid: z.number().int(),
  metrics: z.object({ host: z.string(), port: z.number() }),
  boxKey: z.string().max(100).optional(),
});
export const nodeReady: z.ZodType<NodeReady> = ready.transform(({ boxKey, ...rest }) =>
  boxKey === undefined ? rest : { ...rest, boxKey },
);

/** Node → control: it cannot start at all; the process ends after this. */
export interface NodeFailed {
  readonly v: 1;
  readonly kind: 'node.failed';
  readonly reason: string;
}

export const nodeFailed: z.ZodType<NodeFailed> = z.object({
  v,
  kind: z.literal('node.failed'),
  reason: z.string(),
});

/** Control → node: stop accepting, finish what is in flight within the drain limit, and end. */
export interface NodeDrain {
  readonly v: 1;
  readonly kind: 'node.drain';
}

export const nodeDrain: z.ZodType<NodeDrain> = z.object({ v, kind: z.literal('node.drain') });

/** Control → node: do not wait for the drain's limit any longer. What is left is cut, as at the limit. */
export interface NodeCut {
  readonly v: 1;
  readonly kind: 'node.cut';
}

export const nodeCut: z.ZodType<NodeCut> = z.object({ v, kind: z.literal('node.cut') });

/** Node → control: the drain is over; `cut` exchanges had to be broken off. The process ends after this. */
export interface NodeDrained {
  readonly v: 1;
  readonly kind: 'node.drained';
  readonly cut: number;
}

export const nodeDrained: z.ZodType<NodeDrained> = z.object({
  v,
  kind: z.literal('node.drained'),
  cut: z.number().int().nonnegative(),
});
