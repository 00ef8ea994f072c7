/**
 * Removes, sets and adds response header fields as the route says. Failures get the fields as well (a policy such as
 * Strict-Transport-Security holds for every answer), but not those that describe a body: theirs is a problem document.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Place } from '../pipeline/chain.js';
import { editedResponse, type HeaderEdit } from '../pipeline/edited-response.js';
import { applyHeaderEdits, compileHeaderEdits, type HeaderEdits } from '../pipeline/header-edits.js';

export const transformResponse: Place = (route, services) => {
  const edits = compileHeaderEdits(route.id, route.responseHeaders, services.reveal);
  if (edits === null) return null;
  const onFailure: HeaderEdits = { dropped: edits.dropped, added: withoutBodyFields(edits.added) };
  const edit: HeaderEdit = (headers, of) => applyHeaderEdits(headers, of === 'failure' ? onFailure : edits);
  return (next) => (request, handler) => next(request, editedResponse(handler, edit));
};

function withoutBodyFields(fields: HeaderList): HeaderList {
  return fields.filter((_, i) => !isAboutBody(fields[i - (i % 2)] ?? ''));
}

const isAboutBody = (name: string): boolean =>
  name.startsWith('content-') || name === 'etag' || name === 'last-modified' || name === 'accept-ranges';
