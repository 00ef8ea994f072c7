import { type ChangedUrl, changedUrlsMax, urlTextMax } from '@weir/proto/events/purge-log.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BATCH_CHARS_MAX, ChangeBatches, PENDING_CHARS_MAX, PENDING_URLS_MAX } from './change-batches.js';

const urlOf = (path: string): ChangedUrl => ({ authority: 'a.example', path, query: '' });
const pathsOf = (urls: readonly ChangedUrl[]): string[] => urls.map(({ path }) => path);

it('URLs go out in the order in which they came, each once however often it changes, and one batch at a time', () => {
  const batches = new ChangeBatches();
  for (const path of ['/a', '/b', '/a']) batches.add(urlOf(path), 0);
  expect(pathsOf(batches.take())).toEqual(['/a', '/b']);
  // What is stored by others between the two changes may be older than the second.
  batches.add(urlOf('/a'), 5);
  expect([batches.take(), batches.counts(9)]).toEqual([[], { pending: 3, told: 0, dropped: 0, waitedMs: 9 }]);
  batches.told();
  expect([pathsOf(batches.take()), batches.counts(9)]).toEqual([
    ['/a'],
    { pending: 1, told: 2, dropped: 0, waitedMs: 4 },
  ]);
});

it('a batch has so many URLs and so many characters, and what was not taken is first again', () => {
  const batches = new ChangeBatches();
  for (let at = 0; at <= changedUrlsMax; at += 1) batches.add(urlOf(`/${at}`), at);
  expect(batches.take()).toHaveLength(changedUrlsMax);
  batches.add(urlOf('/0'), 500);
  batches.failed();
  expect([pathsOf(batches.take())[0], batches.counts(500)]).toEqual([
    '/0',
    { pending: changedUrlsMax + 1, told: 0, dropped: 0, waitedMs: 500 },
  ]);
  batches.refused();
  expect([pathsOf(batches.take()), batches.counts(500).dropped]).toEqual([[`/${changedUrlsMax}`], changedUrlsMax]);
  batches.told();
  const long = 'x'.repeat(urlTextMax - 10);
  for (let at = 0; at < 40; at += 1) batches.add(urlOf(`/${at}${long}`), 0);
  const chars = batches.take().reduce((sum, { path }) => sum + path.length, 0);
  expect([chars <= BATCH_CHARS_MAX, chars > BATCH_CHARS_MAX / 2]).toEqual([true, true]);
});

it('what finds no room, or could not be read, is dropped and counted', () => {
  const many = new ChangeBatches();
  for (let at = 0; at < PENDING_URLS_MAX + 7; at += 1) many.add(urlOf(`/${at}`), 0);
  many.add(urlOf('x'.repeat(urlTextMax + 1)), 0);
  expect(many.counts(0)).toMatchObject({ pending: PENDING_URLS_MAX, dropped: 8 });
  const long = new ChangeBatches();
  for (let at = 0; at < 400; at += 1) long.add(urlOf(`/${at}${'x'.repeat(urlTextMax - 10)}`), 0);
  const { pending, dropped } = long.counts(0);
  expect([pending + dropped, pending]).toEqual([400, Math.floor(PENDING_CHARS_MAX / (urlTextMax + 4))]);
});

it('in any history each change is told after it was made, dropped and counted, or pending', () => {
  const event = fc.oneof(
    { weight: 3, arbitrary: fc.record({ what: fc.constant('add' as const), path: fc.constantFrom('/a', '/b', '/c') }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('take', 'told', 'failed', 'refused') }) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60, size: 'max' }), (events) => {
      const batches = new ChangeBatches();
      /** Changes that others do not know, by URL; and those that the batch under way tells. */
      const owed = new Set<string>();
      let underWay: string[] = [];
      for (const happened of events) {
        if ('path' in happened) {
          batches.add(urlOf(happened.path), 0);
          owed.add(happened.path);
        } else if (happened.what === 'take') {
          const taken = pathsOf(batches.take());
          if (underWay.length > 0) expect(taken).toEqual([]);
          else {
            expect(new Set(taken)).toEqual(owed);
            underWay = taken;
            owed.clear();
          }
        } else if (happened.what === 'failed') {
          batches.failed();
          for (const path of underWay) owed.add(path);
          underWay = [];
        } else {
          if (happened.what === 'told') batches.told();
          else batches.refused();
          underWay = [];
        }
        expect(batches.counts(0).pending).toBe(owed.size + underWay.length);
        expect(batches.hasPending).toBe(owed.size > 0);
      }
    }),
  );
});
