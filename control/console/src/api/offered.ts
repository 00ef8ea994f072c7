/** Whether this control has a route at all, by its own description: for what can't be asked for in vain, such as a download. */
import { useGet } from './queries.js';

interface Described {
  readonly paths: Readonly<Record<string, unknown>>;
}

/** False while it is not known. */
export function useOffered(path: string): boolean {
  const document = useGet<Described>('/v1/openapi.json');
  return document.data?.paths[path] !== undefined;
}
