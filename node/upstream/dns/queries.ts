/**
 * Asks for the addresses of a name. Dotted names go to the name servers, whose answers carry a TTL; what they don't
 * know, and names without a dot (search domains, container names, hosts files), goes to the system's resolver.
 */
import { promises as dns } from 'node:dns';

export interface NameAnswer {
  /** Addresses in the order in which they should be tried. */
  readonly addresses: readonly string[];
  readonly ttlMs: number;
  /** The family that could not be asked for, as opposed to: of which there is none. */
  readonly unheard?: 4 | 6;
}

/** Resolves one name, or rejects with the system's error. */
export type NameQuery = (name: string) => Promise<NameAnswer>;

/** Two tries of two seconds: c-ares' own defaults take longer than any request is willing to wait. */
const TIMEOUT_MS = 2000;
const TRIES = 2;
/** Codes that say "no such name here", as opposed to "no name server answered". */
const UNKNOWN: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/** `servers`: name servers as `host:port`, null for the system's. */
export function createNameQuery(servers: readonly string[] | null): NameQuery {
  const resolver = new dns.Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers !== null) resolver.setServers(servers);
  return async (name) => {
    if (!name.includes('.') || name.endsWith('.localhost')) return await lookUp(name);
    const [v4, v6] = await Promise.allSettled([
      resolver.resolve4(name, { ttl: true }),
      resolver.resolve6(name, { ttl: true }),
    ]);
    const records = [...(v4.status === 'fulfilled' ? v4.value : []), ...(v6.status === 'fulfilled' ? v6.value : [])];
    if (records.length > 0) {
      const ttlS = Math.min(...records.map((record) => record.ttl));
      // IPv4 first: without a race between the families, a broken IPv6 path would cost each connection its limit.
      const addresses = records.map((record) => record.address);
      const unheard = isUnheard(v4) ? 4 : isUnheard(v6) ? 6 : undefined;
      return { addresses, ttlMs: ttlS * 1000, ...(unheard === undefined ? {} : { unheard }) };
    }
    return await lookUp(name).catch((error: unknown) => {
      // The name servers' own error says more than the fallback's, unless all they said is that they don't know it.
      const reason: unknown = v4.status === 'rejected' ? v4.reason : error;
      throw reason instanceof Error && 'code' in reason && !UNKNOWN.has(String(reason.code)) ? reason : error;
    });
  };
}

function isUnheard(answer: PromiseSettledResult<unknown>): boolean {
  if (answer.status === 'fulfilled') return false;
  const reason: unknown = answer.reason;
  return !(reason instanceof Error && 'code' in reason && UNKNOWN.has(String(reason.code)));
}

/** The system's resolver tells no TTL; zero lets the lower bound decide. */
async function lookUp(name: string): Promise<NameAnswer> {
  const found = await dns.lookup(name, { all: true, verbatim: true });
  const v4 = found.filter((entry) => entry.family === 4);
  const v6 = found.filter((entry) => entry.family === 6);
  return { addresses: [...v4, ...v6].map((entry) => entry.address), ttlMs: 0 };
}
