/**
 * Streams that outlive their connection, around all that a route over models answers. A client reads on by `GET …/streams/ID`, or by asking
 * the same once more, either with the id of the last event that it has; at whichever node it comes to.
 */
import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { type Dispatch, type Layer, nothingToCancel } from '../../pipeline/dispatch.js';
import { inWordsOf } from '../gateway/failed-model.js';
import { formatOf } from '../gateway/operations.js';
import { type DurableRoute, KeptStream } from './kept-stream.js';
import { ResumedStream } from './resumed-stream.js';
import { readBefore, readEventId, streamAt } from './stream-id.js';

export function durable(route: DurableRoute): Layer {
  route.streams.store.open();
  return (next: Dispatch): Dispatch =>
    (request, handler) => {
      const { method, path, headers } = request;
      const lastEventId = headerValue(headers, 'last-event-id');
      const format = formatOf(path, headerValue(headers, 'anthropic-version'));
      const asked = method === 'GET' ? streamAt(path) : null;
      if (asked !== null) {
        const read = asked === '' ? null : readBefore(asked, lastEventId);
        if (read !== null) return new ResumedStream(request, handler, route, { id: asked, read, format }).begin();
        const failed = failure('stream_not_found', 'the path, or Last-Event-ID, names no event of a stream');
        handler.onError(inWordsOf(format, failed));
        return nothingToCancel;
      }
      const place = method === 'POST' && lastEventId !== undefined ? readEventId(lastEventId) : null;
      if (place !== null) return new ResumedStream(request, handler, route, { ...place, format }).begin();
      return method === 'POST' ? new KeptStream(request, handler, route).begin(next) : next(request, handler);
    };
}
