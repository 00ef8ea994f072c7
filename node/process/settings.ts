/** What a node process is told by its parent before the first message: a few variables of the environment. */
import { type Address, parseAddress } from '@weir/proto/bus/address.js';

export interface NodeSettings {
  readonly metrics: Address;
}

/** Where metrics and health are served, as `host:port`. */
export const METRICS_VARIABLE = 'WEIR_METRICS';

export function readNodeSettings(env: Readonly<Record<string, string | undefined>>): NodeSettings {
  const text = env[METRICS_VARIABLE] ?? '127.0.0.1:9090';
  const metrics = parseAddress(text);
  if (metrics === null) throw new Error(`${METRICS_VARIABLE} is not host:port: ${text}`);
  return { metrics };
}
