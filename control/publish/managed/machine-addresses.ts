/** Addresses that no target and no provider of a team may have, as far as they are written down: names are looked up by nodes, which refuse the same. Pure. */
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import { isMachineHost } from '@weir/proto/http/machine-address.js';

/** Clouds tell credentials of the machine at addresses of its own link, which no service of a team lies at. */
export function lintTarget(host: string, path: Path): Finding[] {
  if (!isMachineHost(host)) return [];
  return [findError(path, `${host} is an address of the machine itself`, 'name the server of the service')];
}
