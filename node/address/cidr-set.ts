/**
 * Sets of addresses, written as CIDR blocks and asked for each request: sorted, merged ranges and a binary search.
 *
 * The two families are apart. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2, what a dual-stack socket shows of an IPv4
 * client) is the IPv4 address that it stands for, in blocks as in questions, so that no rule for IPv4 is passed by
 * coming in through an IPv6 socket. `::/0` therefore means IPv6 only, and `::ffff:0:0/96` means `0.0.0.0/0`.
 */
import ipaddr from 'ipaddr.js';

export interface CidrSet {
  /** Is this address, as text, in the set? Null: it is not an address. */
  has(address: string): boolean | null;
}

interface Range<T> {
  readonly first: T;
  readonly last: T;
}

/** Compiles blocks (or single addresses); throws with the block that is not one. */
export function compileCidrSet(blocks: readonly string[]): CidrSet {
  const v4: Range<number>[] = [];
  const v6: Range<bigint>[] = [];
  for (const block of blocks) {
    const { bytes, prefix } = parseBlock(block);
    if (bytes.length === 4) v4.push(rangeOf4(numberOf(bytes), prefix));
    else v6.push(rangeOf6(bigintOf(bytes), prefix));
  }
  const sorted4 = merged(v4, (last) => last + 1);
  const sorted6 = merged(v6, (last) => last + 1n);
  return {
    has(address) {
      const quick = parseIPv4(address);
      if (quick !== -1) return contains(sorted4, quick);
      const bytes = addressBytes(address);
      if (bytes === null) return null;
      return bytes.length === 4 ? contains(sorted4, numberOf(bytes)) : contains(sorted6, bigintOf(bytes));
    },
  };
}

/** Four-part decimal without leading zeros (they are octal to some), as a number; -1 for anything else. */
export function parseIPv4(text: string): number {
  if (text.length < 7 || text.length > 15) return -1;
  let address = 0;
  let part = -1;
  let parts = 0;
  for (let i = 0; i <= text.length; i += 1) {
    const code = i === text.length ? 46 : text.charCodeAt(i);
    if (code === 46) {
      if (part === -1) return -1;
      address = address * 256 + part;
      parts += 1;
      part = -1;
      continue;
    }
    const digit = code - 48;
    if (digit < 0 || digit > 9 || part === 0) return -1;
    part = (part === -1 ? 0 : part * 10) + digit;
    if (part > 255) return -1;
  }
  return parts === 4 ? address : -1;
}

/** The 4 or 16 bytes of an address in text form (a zone is ignored), or null where it is none. */
export function addressBytes(text: string): readonly number[] | null {
  const zone = text.indexOf('%');
  const bare = zone === -1 ? text : text.slice(0, zone);
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare).toByteArray();
  if (!bare.includes(':') || !ipaddr.IPv6.isValid(bare)) return null;
  const address = ipaddr.IPv6.parse(bare);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toByteArray() : address.toByteArray();
}

function parseBlock(block: string): { bytes: readonly number[]; prefix: number } {
  const slash = block.indexOf('/');
  const text = slash === -1 ? block : block.slice(0, slash);
  const bytes = addressBytes(text);
  const bits = text.includes(':') ? 128 : 32;
  const given = slash === -1 ? bits : prefixLength(block.slice(slash + 1), bits);
  // The 96 bits before an IPv4 address that is written as a mapped one are fixed; a shorter prefix would be half a family.
  const prefix = bytes?.length === 4 && bits === 128 ? given - 96 : given;
  if (bytes === null || !(prefix >= 0)) throw new Error(`${JSON.stringify(block)} is not a CIDR block`);
  return { bytes, prefix };
}

function prefixLength(text: string, bits: number): number {
  const length = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  return length <= bits ? length : Number.NaN;
}

const numberOf = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
const bigintOf = (bytes: readonly number[]): bigint => bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);

/** Bits behind the prefix are ignored, as routers do: 10.1.2.3/8 is 10.0.0.0/8. */
function rangeOf4(address: number, prefix: number): Range<number> {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

function rangeOf6(address: bigint, prefix: number): Range<bigint> {
  const free = BigInt(128 - prefix);
  const first = (address >> free) << free;
  return { first, last: first + (1n << free) - 1n };
}

/** Sorted, with ranges that touch or overlap made one: a binary search then needs no look to the side. */
function merged<T extends number | bigint>(ranges: Range<T>[], next: (last: T) => T): Range<T>[] {
  const sorted = [...ranges].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const result: Range<T>[] = [];
  for (const range of sorted) {
    const before = result.at(-1);
    if (before === undefined || range.first > next(before.last)) result.push(range);
    else if (range.last > before.last) result[result.length - 1] = { first: before.first, last: range.last };
  }
  return result;
}

function contains<T extends number | bigint>(ranges: readonly Range<T>[], address: T): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined) return false;
    if (address < range.first) high = middle - 1;
    else if (address > range.last) low = middle + 1;
    else return true;
  }
  return false;
}
