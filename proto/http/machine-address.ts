/**
 * Addresses at which a machine, or the cloud that it runs in, tells its credentials and its set-up to whoever asks from there. No target of a team may have
 * one: control refuses those that are written down, nodes those that a name leads to. An IPv4 address within one of IPv6 (RFC 4291 §2.5.5, 6052, 3056,
 * 4380, 5214) counts as well, for what routes such packets takes it out again. Loopback and private ranges are none of these: services lie there. Pure.
 */

/** Names that clouds give to such addresses, within their networks. */
const NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

type Block = readonly [bytes: readonly number[], bits: number];

const BLOCKS_OF_4: readonly Block[] = [
  [[169, 254, 0, 0], 16],
  // This host (RFC 1122 §3.2.1.3): a connection to it is one to the machine itself.
  [[0, 0, 0, 0], 8],
  // Alibaba Cloud; the wire server of Azure; Oracle Cloud's older place.
  [[100, 100, 100, 200], 32],
  [[168, 63, 129, 16], 32],
  [[192, 0, 0, 192], 32],
];

const BLOCKS_OF_6: readonly Block[] = [
  [[0xfe, 0x80], 10],
  [Array<number>(16).fill(0), 128],
  // Amazon, Google, Oracle, Scaleway.
  [[0xfd, 0x00, 0x0e, 0xc2], 32],
  [[0xfd, 0x20, 0x00, 0xce], 32],
  [[0xfd, 0x00, 0x00, 0xc1], 32],
  [[0xfd, 0x00, 0x00, 0x42], 32],
];

/** Prefixes behind which four bytes are an IPv4 address, and where they begin. */
const EMBEDDED: readonly (readonly [...Block, at: number])[] = [
  [[], 80, 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], 96, 12],
  [[0x00, 0x64, 0xff, 0x9b], 32, 12],
  [[0x20, 0x02], 16, 2],
];

/** `host`: a name, or an address in any way of writing that a URL takes; IPv6 with or without brackets. */
export function isMachineHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return NAMES.has(name) || isMachineAddress(name);
}

/** False for names: what they lead to is known after a look-up. */
export function isMachineAddress(address: string): boolean {
  const bytes = addressBytes(address);
  if (bytes === null) return false;
  if (bytes.length === 4) return isWithin(bytes, BLOCKS_OF_4);
  if (isLoopback(bytes)) return false;
  return isWithin(bytes, BLOCKS_OF_6) || embeddedIn(bytes).some((inner) => isWithin(inner, BLOCKS_OF_4));
}

function embeddedIn(bytes: readonly number[]): (readonly number[])[] {
  const found = EMBEDDED.filter(([prefix, bits]) => isWithin(bytes, [[prefix, bits]])).map(([, , at]) =>
    bytes.slice(at, at + 4),
  );
  const last = bytes.slice(12);
  // Teredo has the client's address with its bits turned round, and ISATAP has one behind any prefix.
  if (isWithin(bytes, [[[0x20, 0x01, 0, 0], 32]])) found.push(last.map((byte) => byte ^ 0xff));
  if (bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe) found.push(last);
  return found;
}

const isLoopback = (bytes: readonly number[]): boolean => bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));

/** Bits that a prefix does not spell out are zeros. */
function isWithin(bytes: readonly number[], blocks: readonly Block[]): boolean {
  const bitAt = (of: readonly number[], at: number): number => ((of[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
  return blocks.some(([prefix, bits]) => {
    for (let at = 0; at < bits; at += 1) if (bitAt(bytes, at) !== bitAt(prefix, at)) return false;
    return true;
  });
}

/** Four or sixteen; null: it is no address. */
function addressBytes(text: string): readonly number[] | null {
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  let host: string;
  try {
    // Which brings all ways of writing one into one.
    host = new URL(`http://${bare.includes(':') ? `[${bare}]` : bare}/`).hostname;
  } catch {
    return null;
  }
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return host.split('.').map(Number);
  if (!host.startsWith('[')) return null;
  const [head = '', tail] = host.slice(1, -1).split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<number>(gap).fill(0), ...after].flatMap((group) => [group >> 8, group & 0xff]);
}
