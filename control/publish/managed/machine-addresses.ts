/** Addresses that no target and no provider of a team may have, as far as they are written down: names are looked up by nodes. Pure. */
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import ipaddr from 'ipaddr.js';

/** Where Amazon's machines have the same over IPv6. */
const METADATA_OF_EC2 = ipaddr.IPv6.parseCIDR('fd00:ec2::/32');

function isOfTheMachine(host: string): boolean {
  if (host === 'metadata.google.internal' || host === 'metadata') return true;
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (!ipaddr.isValid(bare)) return false;
  // An IPv4 address that is written as one of IPv6 is what it stands for.
  const address = ipaddr.process(bare);
  if (address.range() === 'linkLocal' || address.range() === 'unspecified') return true;
  return address instanceof ipaddr.IPv6 && address.match(METADATA_OF_EC2);
}

/** Clouds tell credentials of the machine at addresses of its own link, which no service of a team lies at. */
export function lintTarget(host: string, path: Path): Finding[] {
  if (!isOfTheMachine(host.toLowerCase().replace(/\.$/, ''))) return [];
  return [findError(path, `${host} is an address of the machine itself`, 'name the server of the service')];
}
