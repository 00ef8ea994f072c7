/**
 * A client's PURGE over a cluster: a control is asked to make it, which alone may write purges to the log, and answers when all nodes have
 * acknowledged. The next control is asked as well where one is silent; a purge that is made twice is one.
 */
import type { BusClock } from '@weir/proto/bus/bus.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import { PURGE_URLS_QUESTION, type PurgeVerdict, purgeWithinMsMax } from '@weir/proto/events/purge-question.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import type { InspectedUrl } from '../cache/inspection.js';
import type { PurgedByAll } from '../cache/purge/others.js';

/** A control that is well answers in some milliseconds; then it may be waiting for a node, and one more costs nothing. */
const NEXT_AFTER_MS = 1_000;
const CONTROLS_MAX = 3;
/** A node that has just come knows of no control before its heartbeat, of which one may be lost. */
const APPEARS_WITHIN_MS = 2_500;
/** Control's answer has this to come back in. */
const WAY_MS = 100;

export async function purgeOnAll(
  presence: Pick<Presence, 'members' | 'ask' | 'onChange'>,
  clock: BusClock,
  { authority, path, query }: InspectedUrl,
  isSoft: boolean,
  withinMs: number,
): Promise<PurgedByAll> {
  const untilMs = clock.nowMs() + Math.min(withinMs, purgeWithinMsMax);
  const ask = async (id: string): Promise<PurgeVerdict | null> => {
    const leftMs = Math.floor(untilMs - clock.nowMs());
    if (leftMs <= 0) return null;
    const question = encodeMessage({
      ...{ kind: 'purge.question', targets: [{ kind: 'url', authority, path, query }], isSoft },
      withinMs: Math.max(0, leftMs - WAY_MS),
    });
    const bytes = await presence.ask(id, PURGE_URLS_QUESTION, question, leftMs);
    const decoded = bytes === null ? null : decodeMessage(bytes);
    return decoded?.ok === true && decoded.message.kind === 'purge.verdict' ? decoded.message : null;
  };
  const asked: Promise<PurgeVerdict | null>[] = [];
  await controlThere(presence, clock, Math.min(APPEARS_WITHIN_MS, untilMs - clock.nowMs()));
  for (const id of controlsOf(presence)) {
    asked.push(ask(id));
    const verdict = await firstWithin(asked, NEXT_AFTER_MS, clock);
    if (verdict !== null) return resultOf(verdict);
  }
  if (asked.length === 0) return noControl;
  const verdict = await firstWithin(asked, Math.max(0, untilMs - clock.nowMs()), clock);
  return verdict === null ? silent : resultOf(verdict);
}

/** Those that are well first. */
function controlsOf(presence: Pick<Presence, 'members'>): string[] {
  const controls = presence.members().filter(({ heartbeat }) => heartbeat.role === 'control');
  const alive = controls.filter(({ standing }) => standing === 'alive');
  const suspect = controls.filter(({ standing }) => standing === 'suspect');
  return [...alive, ...suspect].slice(0, CONTROLS_MAX).map(({ life }) => life.id);
}

/** Resolves when there is one, or none has come by then. */
function controlThere(
  presence: Pick<Presence, 'members' | 'onChange'>,
  clock: BusClock,
  withinMs: number,
): Promise<void> {
  if (controlsOf(presence).length > 0 || withinMs <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      hearNoMore();
      resolve();
    };
    const cancel = clock.after(withinMs, end);
    const hearNoMore = presence.onChange(() => {
      if (controlsOf(presence).length > 0) end();
    });
  });
}

/** Null when none has answered by then, or none will. */
function firstWithin(
  asked: readonly Promise<PurgeVerdict | null>[],
  withinMs: number,
  clock: BusClock,
): Promise<PurgeVerdict | null> {
  return new Promise((resolve) => {
    const cancel = clock.after(withinMs, () => resolve(null));
    let left = asked.length;
    for (const one of asked)
      void one.then((verdict) => {
        left -= 1;
        if (verdict === null && left > 0) return;
        cancel();
        resolve(verdict);
      });
  });
}

function resultOf({ obeyed, lapsed, missing }: PurgeVerdict): PurgedByAll {
  return { nodes: [...obeyed, ...lapsed], missing };
}

const whyOthers = 'so that only this node has purged it';
const noControl: PurgedByAll = { nodes: [], missing: [{ node: 'control', reason: `is not there, ${whyOthers}` }] };
const silent: PurgedByAll = { nodes: [], missing: [{ node: 'control', reason: 'does not answer in time' }] };
