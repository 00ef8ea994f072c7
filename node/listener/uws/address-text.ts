/**
 * Address bytes as the server library gives them (4 or 16, or none) to text. It stands on the path of each request, and
 * the same peers come again and again, so IPv4 texts are remembered by their number.
 */
import ipaddr from 'ipaddr.js';

const REMEMBERED_MAX = 8192;

export function addressTexts(): (bytes: ArrayBuffer) => string {
  const remembered = new Map<number, string>();
  return (bytes) => {
    const view = new Uint8Array(bytes);
    if (view.length !== 4) return view.length === 16 ? textOf(view) : '';
    const key = (view[0] ?? 0) * 0x1000000 + (view[1] ?? 0) * 0x10000 + (view[2] ?? 0) * 0x100 + (view[3] ?? 0);
    const known = remembered.get(key);
    if (known !== undefined) return known;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    const text = view.join('.');
    remembered.set(key, text);
    return text;
  };
}

/** IPv6 after RFC 5952; an IPv4 address that came in through a dual-stack socket is shown as what it is. */
function textOf(bytes: Uint8Array): string {
  const address = ipaddr.fromByteArray([...bytes]);
  return ipaddr.process(address.toString()).toString();
}
