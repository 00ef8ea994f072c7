/**
 * A dispatch that goes on when something is known that takes time. The body stays unread meanwhile, and a cancel ends the wait. What comes of
 * it comes by an Ear, for its client may cancel before what stands below has given back its Cancel.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import { type Cancel, nothingToCancel, type ResponseHandler } from './dispatch.js';
import { Ear } from './ear.js';

/** `failed`: what a promise that rejects is told as, and a bug in what goes on: that request fails, the process does not. */
export function goOnLater<Known>(
  known: Promise<Known>,
  handler: ResponseHandler,
  goOn: (known: Known, handler: ResponseHandler) => Cancel,
  failed: (cause: unknown) => Failure,
): Cancel {
  const ear = new Ear(handler);
  let cancelBelow: Cancel = nothingToCancel;
  known
    .then((value) => {
      if (!ear.isOpen) return;
      const cancel = goOn(value, ear);
      cancelBelow = cancel;
      // Cancelled from a callback, before there was anything to cancel; after an end this is nothing.
      if (!ear.isOpen) cancel();
    })
    .catch((cause: unknown) => {
      if (ear.isOpen) ear.onError(failed(cause));
    });
  return () => {
    ear.close();
    cancelBelow();
  };
}
