import { describe, expect, it } from 'vitest';
import { balance } from '../layers/balance.js';
import { compose, type Dispatch, guardedBy, nothingToCancel } from './dispatch.js';
import { makeRequest, recordingHandler } from './testing/harness.js';
import { makeRoute, makeServices, makeTarget, makeUpstream } from './testing/specs.js';

describe('compose', () => {
  it('makes the first layer of the list the outermost', () => {
    const order: string[] = [];
    const named =
      (name: string) =>
      (next: Dispatch): Dispatch =>
      (request, handler) => {
        order.push(name);
        return next(request, handler);
      };
    compose([named('first'), named('second')], () => {
      order.push('bottom');
      return nothingToCancel;
    })(makeRequest(), recordingHandler());
    expect(order).toEqual(['first', 'second', 'bottom']);
  });
});

describe('a guard', () => {
  it('turns what a bottom throws into a failure that gives back what the layers above hold', () => {
    const bugs: unknown[] = [];
    const bug = new Error('bug');
    const target = makeTarget();
    const services = makeServices({ upstreams: { get: () => makeUpstream([target]) } });
    const layer = balance(makeRoute(), services);
    if (layer === null) throw new Error('a proxy route balances');
    const handler = recordingHandler();
    const throwing: Dispatch = () => {
      throw bug;
    };
    compose(
      [layer],
      throwing,
      guardedBy((error) => bugs.push(error)),
    )(makeRequest(), handler);
    expect(handler.failure?.code).toBe('internal_error');
    expect([bugs, target.inFlight]).toEqual([[bug], 0]);
  });
});
