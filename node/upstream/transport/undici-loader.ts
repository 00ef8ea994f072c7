/**
 * Loads undici when the first connection needs it: a node whose upstreams all speak plaintext HTTP/1.1 or HTTP/2 never does, and has
 * 6 MiB more for other things. Owns the loaded module.
 */
import { failure } from '@weir/proto/http/failures.js';
import type { Dial } from '../pools/connection.js';

type Transport = typeof import('./undici.js');

let loading: Promise<Transport> | null = null;
let loaded: Transport | null = null;

async function load(): Promise<Transport> {
  loading ??= import('./undici.js');
  loaded = await loading;
  return loaded;
}

/** A dial that needs undici; the first one waits for it, some tens of milliseconds that count as connecting. */
export function withUndici<Connection>(dialBy: (transport: Transport) => Dial<Connection>): Dial<Connection> {
  return (events) => {
    if (loaded !== null) return dialBy(loaded)(events);
    let isCancelled = false;
    let cancel = (): void => {
      isCancelled = true;
    };
    load().then(
      (transport) => {
        if (!isCancelled) cancel = dialBy(transport)(events);
      },
      (cause: unknown) => {
        if (!isCancelled) events.onFailed(failure('internal_error', 'the transport could not be loaded', { cause }));
      },
    );
    return () => cancel();
  };
}
