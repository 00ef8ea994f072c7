/**
 * Addresses and CIDR blocks as text, checked without a resolver: is this an address, and how long may its prefix be?
 * What the node compares clients with is its own affair; here a typing mistake is found before it opens a door.
 * Sources: RFC 4291 §2.2 (IPv6 text), RFC 4632 §3.1 (CIDR).
 */
import { accept, quote, type Reading, refuse } from './units.js';

const CURE = 'write an address or a block, such as 10.0.0.0/8, 192.0.2.7, fd00::/8 or ::1';

/** `10.0.0.0/8`, or a bare address, which becomes a block of one. */
export function readIpBlock(text: string): Reading<string> {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const bits = addressBits(address);
  if (bits === null) return refuse(`${quote(text)} is not an address or a block of addresses`, CURE);
  if (slash === -1) return accept(`${address}/${bits}`);
  const length = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits) {
    return refuse(
      `the block ${quote(text)} has no valid prefix length`,
      `write a length from 0 to ${bits} behind the slash`,
    );
  }
  return accept(text);
}

/** 32 or 128 for an address, null for anything else. */
function addressBits(text: string): 32 | 128 | null {
  if (isIpv4(text)) return 32;
  return isIpv6(text) ? 128 : null;
}

export function isIpv4(text: string): boolean {
  const parts = text.split('.', 5);
  // Leading zeros are refused: some parsers read 010 as eight.
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const [head = '', tail] = halves;
  const before = groups(head, tail === undefined);
  const after = tail === undefined ? 0 : groups(tail, true);
  if (before === null || after === null) return false;
  // A double colon stands for at least one group.
  return tail === undefined ? before === 8 : before + after <= 7;
}

/** How many 16-bit groups a run stands for, or null. An embedded IPv4 address may end the text and counts as two. */
function groups(run: string, endsText: boolean): number | null {
  if (run === '') return 0;
  const parts = run.split(':');
  const last = parts.at(-1) ?? '';
  const embedded = endsText && isIpv4(last);
  const hex = embedded ? parts.slice(0, -1) : parts;
  if (!hex.every((part) => /^[0-9A-Fa-f]{1,4}$/.test(part))) return null;
  return hex.length + (embedded ? 2 : 0);
}
