import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { compose, nothingToCancel } from '../pipeline/dispatch.js';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeBalance, makeRoute, makeServices, makeTarget, makeUpstream } from '../pipeline/testing/specs.js';
import { balance } from './balance.js';

function setUp(targetCount: number) {
  const targets = Array.from({ length: targetCount }, (_, i) => makeTarget({ id: `10.0.0.${i}:80` }));
  const upstream = makeUpstream(targets, { balance: makeBalance('least-request') });
  const services = makeServices({ upstreams: { get: (id) => (id === upstream.spec.id ? upstream : undefined) } });
  const layer = balance(makeRoute({ action: { kind: 'proxy', upstream: upstream.spec.id, rewrite: null } }), services);
  if (layer === null) throw new Error('a proxy route balances');
  const bottom = scriptedDispatch();
  return { targets, bottom, dispatch: compose([layer], bottom.dispatch) };
}

describe('balance', () => {
  it('gives the request a target and counts it in flight until the answer is complete', () => {
    const { targets, bottom, dispatch } = setUp(1);
    const request = makeRequest();
    dispatch(request, recordingHandler());
    expect([bottom.last().request.target, targets[0]?.inFlight]).toEqual([targets[0], 1]);
    expect(request.target).toBeNull();
    bottom.last().head(200, [], null);
    expect(targets[0]?.inFlight).toBe(1);
    bottom.last().complete();
    expect(targets[0]?.inFlight).toBe(0);
  });

  it('gives the load back once, however the attempt ends', () => {
    const { targets, bottom, dispatch } = setUp(1);
    dispatch(makeRequest(), recordingHandler());
    bottom.last().fail(failure('connection_refused', ''));
    const cancel = dispatch(makeRequest(), recordingHandler());
    cancel();
    cancel();
    expect([targets[0]?.inFlight, bottom.last().cancelled]).toEqual([0, true]);
  });

  it('gives the load back when the bottom answers before it has returned', () => {
    const target = makeTarget({ id: 'a:80' });
    const upstream = makeUpstream([target], {});
    const layer = balance(
      makeRoute({ action: { kind: 'proxy', upstream: upstream.spec.id, rewrite: null } }),
      makeServices({ upstreams: { get: () => upstream } }),
    );
    if (layer === null) throw new Error('a proxy route balances');
    compose([layer], (_request, handler) => {
      handler.onError(failure('connection_refused', ''));
      return nothingToCancel;
    })(makeRequest(), recordingHandler());
    expect(target.inFlight).toBe(0);
  });

  it('avoids a target that does not answer', () => {
    const { targets, bottom, dispatch } = setUp(2);
    dispatch(makeRequest(), recordingHandler());
    const stuck = bottom.last().request.target;
    for (let i = 0; i < 20; i += 1) {
      dispatch(makeRequest(), recordingHandler());
      expect(bottom.last().request.target).not.toBe(stuck);
      bottom.last().answer(200);
    }
    expect(targets.map((target) => target.inFlight).sort()).toEqual([0, 1]);
  });

  it('says so when there is no target', () => {
    const { dispatch } = setUp(0);
    const handler = recordingHandler();
    dispatch(makeRequest(), handler);
    expect(handler.failure?.code).toBe('no_target');
  });
});
