import type { CoalesceSpec } from '@weir/proto/snapshot/compose.js';
import { expect, it } from 'vitest';
import { makeRequest, recordingHandler, scriptedDispatch } from '../../pipeline/testing/harness.js';
import { makeServices, silentRoute } from '../../pipeline/testing/specs.js';
import { Group } from './group.js';

const spec: CoalesceSpec = {
  ...{ path: '/items', query: 'ids', separator: ',', parameter: 'id', items: [], key: 'id' },
  ...{ windowMs: 5, itemsMax: 10, answerBytesMax: 10_000, ignores: [] },
};

it('who leaves with the head of his item gets nothing more, and the others get theirs', () => {
  const bottom = scriptedDispatch();
  const services = makeServices();
  const rules = {
    routeId: 'r',
    observer: silentRoute,
    spec,
    ignores: new Set<string>(),
    services,
    next: bottom.dispatch,
  };
  const group = new Group({ ...rules, standing: { restsUntilMs: 0 } }, () => {});
  const [first, second] = [recordingHandler(), recordingHandler()];
  const leaving = {
    onHeaders: (head: Parameters<typeof first.onHeaders>[0]) => {
      first.onHeaders(head);
      leave();
    },
    onData: (chunk: Uint8Array) => first.onData(chunk),
    onComplete: () => first.onComplete(),
    onError: (failed: Parameters<typeof first.onError>[0]) => first.onError(failed),
  };
  const leave = group.join('1', makeRequest({ path: '/items/1' }), leaving);
  group.join('2', makeRequest({ path: '/items/2' }), second);
  group.go();
  bottom.last().answer(200, ['content-type', 'application/json'], '[{"id":"1"},{"id":"2"}]');
  expect(first.events).toEqual(['onHeaders']);
  expect([second.events, second.text()]).toEqual([['onHeaders', 'onData', 'onComplete'], '{"id":"2"}']);
});
