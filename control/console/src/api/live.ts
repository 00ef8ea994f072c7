/**
 * What happens, as it happens: server-sent events of `/v1/live`. A change of nodes, rollouts or the registry has what is shown asked
 * anew; seconds of traffic come with their figures. Where the stream can't be had, pages ask every few seconds by themselves.
 */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get } from './client.js';
import { type Point, pointOf, type Series, withSeconds } from './series.js';

export type LiveState = 'connecting' | 'live' | 'polling';

export interface Live {
  readonly state: LiveState;
  /** The last two minutes, second by second; null: this control keeps no series; undefined: it is not known yet. */
  readonly points: readonly Point[] | null | undefined;
}

export const LIVE_POINTS = 120;
/** Changes that come at once are looked at once. */
const COALESCE_MS = 500;
const RELOADS = ['nodes', 'rollout', 'registry'] as const;

export function useLive(isOn: boolean): Live {
  const client = useQueryClient();
  const [live, setLive] = useState<Live>({ state: 'connecting', points: undefined });
  useEffect(() => {
    if (!isOn) return;
    // What was called before may be long ago: how long, the first second tells that is heard.
    let [before, isHeard]: [readonly Point[], boolean] = [[], false];
    const add = (more: readonly Point[]) =>
      setLive(({ state, points }) => ({ state, points: withSeconds(points ?? before, more, LIVE_POINTS) }));
    get<Series>('/v1/insight/series?of=all&step=1s').then(
      ({ points }) => {
        before = points;
        if (isHeard) setLive((live) => ({ ...live, points: withSeconds(points, live.points ?? [], LIVE_POINTS) }));
      },
      // Without series there are none to be drawn, which the page then says.
      () => setLive(({ state, points }) => ({ state, points: points ?? null })),
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
    source.onerror = () => {
      become('polling');
      add([]);
    };
    source.addEventListener('second', ({ data }: MessageEvent<string>) => {
      const point = pointOf(JSON.parse(data));
      if (point === null) return;
      isHeard = true;
      add([point]);
    });
    for (const name of RELOADS) {
      let isFirst = true;
      source.addEventListener(name, () => {
        // How it stands when one begins to listen has just been asked for.
        if (!isFirst) reload();
        isFirst = false;
      });
    }
    return () => {
      source.close();
      if (waiting !== null) clearTimeout(waiting);
    };
  }, [client, isOn]);
  return live;
}
