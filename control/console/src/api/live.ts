/**
 * What happens, as it happens: server-sent events of `/v1/live`. A change of nodes, rollouts or the registry has what is shown asked
 * anew; seconds of traffic come with their figures. Where the stream can't be had, pages ask every few seconds by themselves.
 */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get } from './client.js';
import { type Point, pointOf, type Series, withPoints } from './series.js';

export type LiveState = 'connecting' | 'live' | 'polling';

export interface Live {
  readonly state: LiveState;
  /** The last two minutes; null: this control keeps no series. */
  readonly points: readonly Point[] | null;
}

export const LIVE_POINTS = 120;
/** Changes that come at once are looked at once. */
const COALESCE_MS = 500;
const RELOADS = ['nodes', 'rollout', 'registry'] as const;

export function useLive(isOn: boolean): Live {
  const client = useQueryClient();
  const [live, setLive] = useState<Live>({ state: 'connecting', points: null });
  useEffect(() => {
    if (!isOn) return;
    const add = (more: readonly Point[]) =>
      setLive(({ state, points }) => ({ state, points: withPoints(points ?? [], more, LIVE_POINTS) }));
    // Without series there are none to be drawn, which the page then says.
    get<Series>('/v1/insight/series?of=all&step=1s').then(
      ({ points }) => add(points),
      () => {},
    );
    let waiting: ReturnType<typeof setTimeout> | null = null;
    const reload = () => {
      waiting ??= setTimeout(() => {
        waiting = null;
        void client.invalidateQueries();
      }, COALESCE_MS);
    };
    const source = new EventSource('/v1/live');
    const become = (state: LiveState) => setLive(({ points }) => ({ state, points }));
    source.onopen = () => become('live');
    source.onerror = () => become('polling');
    source.addEventListener('second', ({ data }: MessageEvent<string>) => {
      const point = pointOf(JSON.parse(data));
      if (point !== null) add([point]);
    });
    for (const name of RELOADS) source.addEventListener(name, reload);
    return () => {
      source.close();
      if (waiting !== null) clearTimeout(waiting);
    };
  }, [client, isOn]);
  return live;
}
