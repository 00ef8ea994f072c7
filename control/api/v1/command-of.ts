/** What a request adds to each command that is made of it. Pure. */
import type { Command } from '../../registry/registry.js';
import type { ApiRequest } from './api-route.js';

export function commandOf(
  { caller, expected, idempotencyKey }: Pick<ApiRequest<unknown, unknown>, 'caller' | 'expected' | 'idempotencyKey'>,
  what: string,
  input: object,
): Command {
  return {
    ...{ what, input, actor: caller.actor },
    ...(expected === undefined ? {} : { expected }),
    ...(idempotencyKey === undefined ? {} : { id: idempotencyKey }),
  };
}
