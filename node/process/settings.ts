/** What a node process is told by its parent before the first message: a few variables of the environment. */
import { type Address, parseAddress } from '@weir/proto/bus/address.js';
import { shownRedisAddress } from '@weir/proto/bus/redis-address.js';
import { fillReferences } from '@weir/proto/snapshot/secret-text.js';

export interface NodeSettings {
  readonly metrics: Address;
  /** URL of the Redis that nodes share, with its credentials; null for a node on its own. */
  readonly redis: string | null;
}

/** Where metrics and health are served, as `host:port`. */
export const METRICS_VARIABLE = 'WEIR_METRICS';

/** Where Redis is, as a URL in which `${NAME}` stands for a variable of the environment. */
export const REDIS_VARIABLE = 'WEIR_REDIS';

export function readNodeSettings(env: Readonly<Record<string, string | undefined>>): NodeSettings {
  const text = env[METRICS_VARIABLE] ?? '127.0.0.1:9090';
  const metrics = parseAddress(text);
  if (metrics === null) throw new Error(`${METRICS_VARIABLE} is not host:port: ${text}`);
  return { metrics, redis: readRedis(env) };
}

/** Nothing of it is told in an error: it may hold a password. */
function readRedis(env: Readonly<Record<string, string | undefined>>): string | null {
  const template = env[REDIS_VARIABLE] ?? '';
  if (template === '') return null;
  const { text, missing } = fillReferences(template, env);
  if (missing.length > 0) throw new Error(`${REDIS_VARIABLE} needs ${missing.join(', ')}, which the environment lacks`);
  if (shownRedisAddress(text) === null) throw new Error(`${REDIS_VARIABLE} is not a redis:// or rediss:// URL`);
  return text;
}
