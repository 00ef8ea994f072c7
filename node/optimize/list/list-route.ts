/** The pages of a route's list: what of its requests is about pages, and what a page is known by. Compiled once for a route. */
import type { ListSpec } from '@weir/proto/snapshot/optimize.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { ChainServices } from '../../pipeline/services.js';
import { cursorOf, type Position, positionOf, type Sign } from './cursor.js';
import { type PageParameters, readPageQuery } from './page-query.js';
import { firstPosition, limitWithin, parametersOf, type UpstreamPage, upstreamPage } from './upstream-page.js';

export interface ListRoute {
  readonly id: string;
  readonly spec: ListSpec;
  readonly parameters: PageParameters;
  readonly sign: Sign;
  readonly services: Pick<ChainServices, 'heldBytes' | 'observer'>;
}

/** Where no secret is stated a signature keeps nobody from making one; it tells whether a cursor is whole, and of this list. */
const NO_SECRET = 'list cursor';

export function listRoute(id: string, spec: ListSpec, services: ChainServices): ListRoute {
  const key = spec.secret === null ? NO_SECRET : services.reveal(spec.secret);
  if (key === '') throw new Error(`route "${id}": the secret that signs cursors is empty`);
  const { limit, cursor } = spec.parameters;
  return {
    ...{ id, spec, services },
    parameters: { limit, cursor, others: parametersOf(spec.upstream) },
    sign: (text) => services.sign(key, text),
  };
}

export interface AskedPage {
  readonly position: Position;
  readonly page: UpstreamPage;
  /** Of the question that a cursor belongs to. */
  readonly sign: Sign;
  /** What the page is made of besides the upstream's answer, as a text. */
  readonly identity: string;
  /** The query below. */
  readonly query: string;
}

/** A text: why it can't be. */
export function askedPage({ id, spec, parameters, sign }: ListRoute, request: GatewayRequest): AskedPage | string {
  const read = readPageQuery(request.query, parameters);
  if (!read.ok) return read.why;
  const question = JSON.stringify([id, request.authority, request.path, [...read.rest].sort()]);
  const signOf: Sign = (text) => sign(`${question} ${text}`);
  const position = read.cursor === null ? firstPosition(spec.upstream) : positionOf(read.cursor, signOf);
  const limit = limitWithin(spec.upstream, Math.min(read.limit ?? spec.limit, spec.limitMax));
  const page = position === null ? null : upstreamPage(spec.upstream, position, limit);
  if (position === null || page === null)
    return `\`${parameters.cursor}\` is none of this list; send what the page before has told, with the same query, or leave it out to begin anew`;
  const told = page.parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return {
    ...{ position, page, sign: signOf, query: [...read.rest, ...told].join('&') },
    identity: JSON.stringify([cursorOf(position, signOf), limit, spec.wrap, spec.pageBytesMax]),
  };
}
