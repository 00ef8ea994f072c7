/**
 * Whether a revision is what the latest record rolls out. Numbers alone don't tell: where the log of revisions has lost its tail, another
 * config has been given the number of one that runs, or a lower one. So revisions are compared by their ids. Pure.
 */
import type { Release } from '@weir/proto/events/rollout.js';

export interface RevisionName {
  readonly number: number;
  readonly id: string;
}

/**
 * `when it stays`: the log has lost the revision that runs. One that was given its place is to be rolled out; but it may also be that
 * a control is about to put back from its copy what was lost.
 */
export type Publishing = 'done' | 'now' | 'when it stays';

export function publishingOf({ number, id }: RevisionName, target: Release | null): Publishing {
  if (target === null) return 'now';
  // Of a record that an earlier release has written, the number is all that is known.
  if (target.revisionId === undefined) return number > target.revision ? 'now' : 'done';
  if (target.revisionId === id) return 'done';
  return number > target.revision ? 'now' : 'when it stays';
}

/** What is asked about: a revision; without an id, one of that number or a later one, as earlier releases ask. */
export interface AskedRevision {
  readonly number: number;
  readonly id: string | null;
}

/** What a control knows of the log of revisions. */
export interface KnownRevisions {
  readonly current: RevisionName | null;
  knows(id: string): boolean;
}

/** Whether what is rolled out is that revision, or one that took its place in the log. */
export function isOf(target: Release, asked: AskedRevision, { current, knows }: KnownRevisions): boolean {
  if (asked.id === null || target.revisionId === undefined) return target.revision >= asked.number;
  if (target.revisionId === asked.id) return true;
  // Who has not read it yet does not know either what came behind it.
  return knows(asked.id) && current?.id !== asked.id && target.revisionId === current?.id;
}
