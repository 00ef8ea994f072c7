/**
 * Where a control of a cluster sends what somebody tries out: to a few of the nodes that serve, at the addresses that they tell, those that run
 * what is rolled out before others. Pure.
 *
 * What a member tells is not signed: whoever may speak on the bus as a node may name an address. It is asked in the name of whoever tries, and
 * shown what answers, so it is never one of the machine or its cloud (also after a look-up: send-try.ts). `--gateway` goes by no word of anybody.
 */
import { type Address, parseAddress } from '@weir/proto/bus/address.js';
import type { MemberStatus } from '@weir/proto/events/member-status.js';
import { isMachineHost } from '@weir/proto/http/machine-address.js';
import type { Gateway } from '../up/send-try.js';

/** Somebody waits for it, and each that is not reached takes a while. */
const TRIED_MAX = 3;

export interface GatewayChoice {
  readonly members: readonly MemberStatus[];
  /** Of the snapshot that is rolled out. */
  readonly version: number;
  /** Name of this control's machine. */
  readonly machine: string;
  readonly random: () => number;
}

export function gatewaysToTry({ members, version, machine, random }: GatewayChoice): readonly Gateway[] {
  const found = members.flatMap((member) => {
    const at = member.role === 'node' && member.state === 'serving' ? placeOf(member, machine) : null;
    const rank = (member.snapshotVersion === version ? 0 : 1) + random();
    return at === null ? [] : [{ rank, gateway: { ...at, tls: member.isTls === true } }];
  });
  return found
    .sort((a, b) => a.rank - b.rank)
    .slice(0, TRIED_MAX)
    .map(({ gateway }) => gateway);
}

/** Null: it can't be reached from another machine. */
function placeOf({ traffic, host }: MemberStatus, machine: string): Address | null {
  const address = parseAddress(traffic);
  if (address === null) return null;
  const bare = address.host.replace(/^\[|\]$/g, '');
  const isHere = host === machine;
  if (bare === '0.0.0.0' || bare === '::')
    return isHere || !isMachineHost(host) ? { host: isHere ? '127.0.0.1' : host, port: address.port } : null;
  if (isMachineHost(bare)) return null;
  const isLoopback = /^127\.|^::1$|^localhost$/.test(bare);
  return isLoopback && !isHere ? null : { host: bare, port: address.port };
}
