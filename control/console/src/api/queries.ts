/** The hooks that pages ask by: one for what is looked at, one for lists by pages, one for what changes something. */
import {
  QueryCache,
  QueryClient,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { get, type Send, send } from './client.js';
import { ApiProblem } from './problem.js';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export const SESSION_PATH = '/v1/session';

/** How old what is shown may be when a page is opened again. */
const FRESH_MS = 5_000;

export function newQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    // A session that has ended is asked about, and the sign-in takes the place of the page.
    queryCache: new QueryCache({
      onError(error, { queryKey }) {
        const isOver = error instanceof ApiProblem && error.problem.status === 401;
        if (isOver && queryKey[0] !== SESSION_PATH) void client.invalidateQueries({ queryKey: [SESSION_PATH] });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        // What control has decided is not asked again; silence is, once.
        retry: (count, error) => count < 1 && !(error instanceof ApiProblem && error.problem.status > 0),
      },
    },
  });
  return client;
}

/** `everyMs`: asked again that often, while the page is looked at. */
export function useGet<T>(
  path: string,
  { everyMs = 0, isOn = true }: { everyMs?: number; isOn?: boolean } = {},
): UseQueryResult<T> {
  return useQuery({
    queryKey: [path],
    queryFn: () => get<T>(path),
    enabled: isOn,
    refetchInterval: everyMs === 0 ? false : everyMs,
  });
}

/** More than a window has room for, and half of what is to be drawn of a list that is opened; who reads on gets more at once. */
const FIRST_ROWS = 25;
const MORE_ROWS = 50;

export const rowsAsked = (isFirst: boolean): string => String(isFirst ? FIRST_ROWS : MORE_ROWS);

/** `path` with its query, but for `after` and `max`. `everyMs`: asked again that often, while it is looked at and nobody has read on: then it would move under their eyes. */
export function usePages<T>(path: string, isOn = true, everyMs = 0) {
  const asked = useInfiniteQuery({
    queryKey: [path, 'pages'],
    queryFn: ({ pageParam: after }) => get<Page<T>>(withQuery(path, { max: rowsAsked(after === ''), after })),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: isOn,
    refetchInterval: ({ state }) => (everyMs === 0 || (state.data?.pages.length ?? 0) > 1 ? false : everyMs),
  });
  return { ...asked, items: asked.data?.pages.flatMap(({ items }) => items) ?? [] };
}

/** A list that is told in one piece. */
export function useWhole<T>(path: string, isOn = true) {
  const asked = useGet<Page<T>>(path, { isOn });
  return { ...asked, items: asked.data?.items ?? [] };
}

/** Whatever it changed, everything that is on the screen is asked anew: one change shows on several pages. */
export function useSend<T = unknown>() {
  const client = useQueryClient();
  return useMutation<T, Error, Send>({
    mutationFn: (order) => send<T>(order),
    onSuccess: () => client.invalidateQueries(),
  });
}

/** Empty values are left out. */
export function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  if (given.length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(given)}`;
}
