/**
 * Where the bytes of a socket go that is read without a buffer of its own: into one buffer of the process, given to the
 * kernel by Node's `onread`. A read and the call that takes what came are one step of the event loop, so no other
 * socket can read in between, and a thousand idle connections cost no memory for reading.
 */
import type { OnReadOpts } from 'node:net';

/** One read takes this much at most; what libuv itself would offer. */
const READ_BYTES = 64 * 1024;

/** What came last, for as long as the call of `receive` lasts. */
export const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

export class Inlet {
  /** Takes so many bytes of `readBuffer`; false stops reading until the socket is resumed. Set by the connection. */
  receive: (bytes: number) => boolean = () => true;
  readonly onread: OnReadOpts = { buffer: readBuffer, callback: (bytes) => this.receive(bytes) };
}
