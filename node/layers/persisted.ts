/**
 * Lets GraphQL be asked by GET and the name of a query, so that answers are cached, collapsed and tagged like any others; the upstream is asked by
 * POST. With `only`, nobody asks what is not in the config: no query of a stranger's making reaches the upstream.
 */
import { failure } from '@weir/proto/http/failures.js';
import { type HeaderList, withField, withoutField } from '@weir/proto/http/headers.js';
import { WholeBody } from '../cache/whole-body.js';
import { askedQuery, notFoundBody, queriesOf } from '../optimize/convert/persisted.js';
import type { Place } from '../pipeline/chain.js';
import { withQuestion } from '../pipeline/derived-request.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import { type GatewayRequest, nothingToCancel } from '../pipeline/dispatch.js';

const encoder = new TextEncoder();
const NOT_FOUND_FIELDS: HeaderList = ['content-type', 'application/json', 'cache-control', 'no-store'];

export const persisted: Place = (route) => {
  const { graphql } = route;
  if (graphql === undefined) return null;
  const queries = queriesOf(graphql);
  return (next) => (request, handler) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const asked = isRead ? askedQuery(request.query, queries) : ({ kind: 'other' } as const);
    switch (asked.kind) {
      case 'query':
        return next(posted(request, encoder.encode(asked.body)), handler);
      case 'unknown':
        return answerDirectly(request, handler, 404, NOT_FOUND_FIELDS, encoder.encode(notFoundBody));
      case 'malformed':
        handler.onError(failure('bad_request', asked.why));
        return nothingToCancel;
      case 'other':
        if (!graphql.only) return next(request, handler);
        handler.onError(failure('forbidden', 'queries are asked here by their name alone: GET ?id=NAME'));
        return nothingToCancel;
    }
  };
};

function posted(request: GatewayRequest, body: Uint8Array): GatewayRequest {
  const { path, headers, cause } = request;
  const told = withField(withoutField(headers, 'content-length'), 'content-type', 'application/json');
  return withQuestion(request, { method: 'POST', path, query: '', headers: told, body: new WholeBody(body), cause });
}
