/**
 * Settings that a running node process can't change: it bound its address, and was told its limits, when it started.
 * A reload applies everything else, and names these. Pure.
 */
import { formatAddress } from '@weir/proto/bus/address.js';
import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';

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
  // The server library is told at its start how much of a message it may gather, for every client at once; told a
  // size that no route needs, it would gather that for whoever sends it.
  if (next.limits.messageBytes > started.limits.messageBytes)
    settings.push(['gateway.limits.message', String(started.limits.messageBytes), String(next.limits.messageBytes)]);
  return settings
    .filter(([, before, after]) => before !== after)
    .map(([name, before, after]) => `${name}: ${before} → ${after}`);
}

function onOrOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}
