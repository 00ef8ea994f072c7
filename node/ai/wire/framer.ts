/**
 * What cuts a streamed body into events, whatever the framing: bytes go in as they come, split anywhere, and whole events come
 * out. Pure. The three that there are stand beside this file; open-framer.ts picks one.
 *
 * A framing that is broken stays broken: what follows a frame that can't be read is anybody's guess, so nothing of it is told.
 */
import { type ProviderError, providerError } from '../chat/provider-error.js';
import type { WireEvent } from '../provider.js';

export type Broken =
  /** An event is longer than the bound. */
  | 'too-long'
  /** A frame whose lengths or headers contradict each other. */
  | 'bad-frame'
  | 'bad-checksum'
  /** The body ended inside a frame. */
  | 'cut-short';

export interface Framer {
  /** The events that are whole with this chunk; none once it is broken. The chunk is not kept. */
  feed(chunk: Uint8Array): readonly WireEvent[];
  /** The body has ended cleanly: what was whole but for its end mark, if anything. */
  end(): readonly WireEvent[];
  readonly broken: Broken | null;
}

export interface FramerBounds {
  /** Of one event: characters of text framings, bytes of binary ones. */
  readonly eventLengthMax: number;
}

/**
 * 16 MiB, as much as an AWS frame may have, and more than any provider puts into an event: the longest are images in base64
 * and the arguments of tools that are sent whole.
 */
export const defaultFramerBounds: FramerBounds = { eventLengthMax: 16 * 1024 * 1024 };

const sentences: Readonly<Record<Broken, string>> = {
  'too-long': 'The provider sent an event that is longer than the bound',
  'bad-frame': 'The provider sent a frame that can not be read',
  'bad-checksum': 'The provider sent a frame whose checksum is wrong',
  'cut-short': 'The stream of the provider ended in the middle of a frame',
};

export function errorOfBroken(broken: Broken): ProviderError {
  return providerError(broken === 'cut-short' ? 'cut' : 'malformed', sentences[broken], { native: broken });
}
