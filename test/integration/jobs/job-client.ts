/** What a client of jobs does: ask for one, look after it, collect it. */
import { until } from '../../support/stage.js';

export interface Status {
  /** HTTP status of the status resource. */
  readonly code: number;
  readonly state: string;
  readonly result?: string;
  readonly progress?: { readonly phase?: string; readonly attempts: number; readonly bytes: number };
  readonly failure?: { readonly code: string };
}

export const preferring = { prefer: 'respond-async, wait=0' };

/** Asks for a job; its path. */
export async function handOver(
  base: string,
  path: string,
  headers: Record<string, string> = preferring,
): Promise<string> {
  const answer = await fetch(`${base}${path}`, { headers });
  const text = await answer.text();
  const location = answer.headers.get('location');
  if (answer.status !== 202 || location === null) throw new Error(`not handed over: ${answer.status} ${text}`);
  return location;
}

export async function statusOf(url: string, headers: Record<string, string> = {}): Promise<Status> {
  const answer = await fetch(url, { redirect: 'manual', headers });
  return { ...((await answer.json()) as Omit<Status, 'code'>), code: answer.status };
}

/** Looks until the job has ended. */
export async function ended(url: string, headers: Record<string, string> = {}): Promise<Status> {
  let status = await statusOf(url, headers);
  await until(
    async () => {
      status = await statusOf(url, headers);
      return ['done', 'failed', 'cancelled', 'lost'].includes(status.state);
    },
    () => JSON.stringify(status),
  );
  return status;
}
