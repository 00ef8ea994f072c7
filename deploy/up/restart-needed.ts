/**
 * Settings that a running node process can't change: it bound its address, and was told its limits, when it started.
 * A reload applies everything else, and names these. Pure.
 */
import { formatAddress } from '@weir/proto/bus/address.js';
import type { GatewaySpec } from '@weir/proto/snapshot/snapshot.js';

const HEAD_BUFFER_MIN_BYTES = 65_536;

/**
 * Room for a request head that the server library is started with. Above what the config allows, so that a head that is
 * too large is usually refused by Weir, with its own words and a line in its log, and not by the library.
 */
export function headBufferBytes({ limits }: GatewaySpec): number {
  return Math.max(HEAD_BUFFER_MIN_BYTES, limits.headerBytes);
}

export function restartNeeded(started: GatewaySpec, next: GatewaySpec): string[] {
  const settings: [name: string, before: string, after: string][] = [
    ['gateway.listen', formatAddress(started.listen), formatAddress(next.listen)],
    ['gateway.tls', onOrOff(started.tls !== null), onOrOff(next.tls !== null)],
  ];
  const room = headBufferBytes(started);
  if (next.limits.headerBytes > room)
    settings.push(['gateway.limits.headerBytes', String(room), String(next.limits.headerBytes)]);
  return settings
    .filter(([, before, after]) => before !== after)
    .map(([name, before, after]) => `${name}: ${before} → ${after}`);
}

function onOrOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}
