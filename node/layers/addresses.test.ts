import { describe, expect, it } from 'vitest';
import { makeExchange, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { addresses } from './addresses.js';

function outcome(allow: string[], deny: string[], clientAddress: string): string {
  const layer = addresses(makeRoute({ addresses: { allow, deny } }), makeServices());
  const bottom = scriptedDispatch((call) => call.answer(200));
  const handler = recordingHandler();
  const dispatch = layer === null ? bottom.dispatch : layer(bottom.dispatch);
  dispatch(makeRequest({ exchange: makeExchange({ clientAddress }) }), handler);
  expect(handler.ended).toBe(true);
  return handler.failure?.code ?? 'passed';
}

describe('the addresses layer', () => {
  it.each([
    [['10.0.0.0/8'], [], '10.1.2.3', 'passed'],
    [['10.0.0.0/8'], [], '11.1.2.3', 'address_denied'],
    [[], ['10.0.0.0/8'], '10.1.2.3', 'address_denied'],
    [[], ['10.0.0.0/8'], '11.1.2.3', 'passed'],
    [['10.0.0.0/8'], ['10.1.0.0/16'], '10.1.2.3', 'address_denied'],
    [[], ['10.0.0.0/8'], '::ffff:10.1.2.3', 'address_denied'],
    [[], ['10.0.0.0/8'], 'not an address', 'address_denied'],
    [['0.0.0.0/0', '::/0'], [], '', 'address_denied'],
  ])('allow %j, deny %j: %s is %s', (allow, deny, address, expected) =>
    expect(outcome(allow, deny, address)).toBe(expected),
  );

  it('costs a route without lists nothing', () => {
    expect(addresses(makeRoute(), makeServices())).toBeNull();
    expect(addresses(makeRoute({ addresses: { allow: [], deny: [] } }), makeServices())).toBeNull();
  });
});
