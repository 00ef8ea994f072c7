/**
 * Settings that a running node process can't change: it bound its address, and was told its limits, when it started.
 * A reload applies everything else, and names these. Pure.
 */
import { formatAddress } from '@weir/proto/bus/address.js';
import type { GatewaySpec } from '@weir/proto/snapshot/snapshot.js';

export function restartNeeded(started: GatewaySpec, next: GatewaySpec): string[] {
  const settings: [name: string, before: string, after: string][] = [
    ['gateway.listen', formatAddress(started.listen), formatAddress(next.listen)],
    ['gateway.tls', onOrOff(started.tls !== null), onOrOff(next.tls !== null)],
    ['gateway.limits.headerBytes', String(started.limits.headerBytes), String(next.limits.headerBytes)],
  ];
  return settings
    .filter(([, before, after]) => before !== after)
    .map(([name, before, after]) => `${name}: ${before} → ${after}`);
}

function onOrOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}
