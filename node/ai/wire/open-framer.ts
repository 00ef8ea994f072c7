/** The framer of a framing, for one stream. Pure. */
import type { Framing } from '../provider.js';
import { AwsEventStreamFramer } from './aws-event-stream.js';
import { defaultFramerBounds, type Framer, type FramerBounds } from './framer.js';
import { NdjsonFramer } from './ndjson.js';
import { SseFramer } from './sse.js';

export function openFramer(framing: Framing, bounds: FramerBounds = defaultFramerBounds): Framer {
  switch (framing) {
    case 'sse':
      return new SseFramer(bounds);
    case 'ndjson':
      return new NdjsonFramer(bounds);
    case 'aws-event-stream':
      return new AwsEventStreamFramer(bounds);
  }
}
