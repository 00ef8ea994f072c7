/** What answers say of the life of their service: deprecated (RFC 9745), to end (RFC 8594), ended. Pure. */
import type { Route } from '@weir/proto/config/route.js';
import type { Service } from '../../model/entities.js';

interface Fields {
  readonly set: Route['headers']['response']['set'];
  readonly add: Route['headers']['response']['add'];
}

const NONE: Fields = { set: [], add: [] };

export function lifeFields({ deprecation }: Pick<Service, 'deprecation'>): Fields {
  if (deprecation === null) return NONE;
  const { sinceWallMs, sunsetWallMs, link } = deprecation;
  return {
    set: [
      ['deprecation', `@${Math.floor(sinceWallMs / 1000)}`],
      ...(sunsetWallMs === null ? [] : [['sunset', new Date(sunsetWallMs).toUTCString()] as [string, string]]),
    ],
    add: link === '' ? [] : [['link', [`<${escaped(link)}>; rel="deprecation"`]]],
  };
}

/** All of a service that has ended: 410, and where to read on. */
export function retiredAnswer({ name, successor }: Pick<Service, 'name' | 'successor'>): NonNullable<Route['respond']> {
  const body = {
    ...{ type: 'urn:weir:problem:retired', title: 'Gone', status: 410 },
    detail: `The service ${name} was retired.`,
    ...(successor === '' ? {} : { successor }),
  };
  return {
    status: 410,
    headers: [
      ['content-type', 'application/problem+json'],
      ...(successor === '' ? [] : [['link', `<${escaped(successor)}>; rel="successor-version"`] as [string, string]]),
    ],
    body: `${JSON.stringify(body)}\n`,
  };
}

/** Values of fields may hold references, and a dollar sign is written twice there. */
function escaped(link: string): string {
  return link.replaceAll('$', '$$$$');
}
