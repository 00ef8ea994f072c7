import { describe, expect, it } from 'vitest';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { hopFields } from './hop-fields.js';

function passed(headers: string[]): readonly string[] {
  const layer = hopFields(makeRoute(), makeServices());
  const bottom = scriptedDispatch();
  layer?.(bottom.dispatch)(makeRequest({ headers }), recordingHandler());
  return bottom.last().request.headers;
}

describe('fields that Connection names', () => {
  it('end here, wherever they stand and however they are spelt', () => {
    expect(passed(['x-role', 'admin', 'connection', 'keep-alive, X-Role', 'accept', '*/*', 'x-role', 'b'])).toEqual([
      ...['connection', 'keep-alive, X-Role', 'accept', '*/*'],
    ]);
  });

  it('let an upgrade be seen below', () => {
    const headers = ['connection', 'Upgrade', 'upgrade', 'websocket'];
    expect(passed(headers)).toEqual(headers);
  });

  it('cost nothing where there are none', () => {
    const headers = ['connection', 'keep-alive', 'accept', '*/*'];
    expect(passed(headers)).toBe(headers);
  });
});
