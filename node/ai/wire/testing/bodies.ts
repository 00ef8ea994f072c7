/** For tests of framers and of what reads their events: bodies cut in every way, and frames as AWS writes them. */
import type { WireEvent } from '../../provider.js';
import { crc32 } from '../crc32.js';
import type { Framer } from '../framer.js';

const encoder = new TextEncoder();

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

/** Everything that the framer says about the body when it comes in pieces that end at these places. */
export function framed(framer: Framer, body: Uint8Array, cuts: readonly number[] = []): WireEvent[] {
  const events: WireEvent[] = [];
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), body.length]) {
    events.push(...framer.feed(body.slice(from, cut)));
    from = Math.max(from, cut);
  }
  return [...events, ...framer.end()];
}

/** A cut behind every byte. */
export const everyByte = (body: Uint8Array): number[] => Array.from(body, (_, index) => index + 1);

/** One frame whose headers are texts. */
export function awsFrame(headers: Readonly<Record<string, string>>, payload: string): Uint8Array {
  const head: number[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const text = bytesOf(value);
    head.push(name.length, ...bytesOf(name), 7, text.length >> 8, text.length & 0xff, ...text);
  }
  const body = bytesOf(payload);
  const frame = new Uint8Array(16 + head.length + body.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, frame.length);
  view.setUint32(4, head.length);
  view.setUint32(8, crc32(frame, 0, 8));
  frame.set(head, 12);
  frame.set(body, 12 + head.length);
  view.setUint32(frame.length - 4, crc32(frame, 0, frame.length - 4));
  return frame;
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
