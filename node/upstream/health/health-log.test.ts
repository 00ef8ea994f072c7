import { describe, expect, it } from 'vitest';
import { CHANGES_KEPT, HealthLog } from './health-log.js';
import { change } from './testing/outcomes.js';

describe('the log of health', () => {
  it('keeps the latest changes in their order and forgets the oldest', () => {
    const log = new HealthLog();
    const ids = () => log.latest(CHANGES_KEPT * 2).map(({ atWallMs }) => atWallMs);
    for (let i = 0; i < 3; i += 1) log.tell(change({ atWallMs: i }));
    expect(ids()).toEqual([0, 1, 2]);
    for (let i = 3; i < CHANGES_KEPT + 2; i += 1) log.tell(change({ atWallMs: i }));
    expect(ids()).toEqual(Array.from({ length: CHANGES_KEPT }, (_, i) => i + 2));
    expect(log.latest(2).map(({ atWallMs }) => atWallMs)).toEqual([CHANGES_KEPT, CHANGES_KEPT + 1]);
    expect(log.latest(0)).toEqual([]);
  });

  it('counts by target, opinion and standing, and forgets what is no longer configured', () => {
    const log = new HealthLog();
    log.tell(change());
    log.tell(change());
    log.tell(change({ from: 'out', to: 'well' }));
    log.tell(change({ kind: 'breaker', target: null }));
    log.tell(change({ upstream: 'other' }));
    const shown = () =>
      [...log.counts()].map(({ upstream, target, kind, to, count }) => `${upstream} ${target} ${kind} ${to} ${count}`);
    expect(shown()).toEqual([
      'up a:80 probe out 2',
      'up a:80 probe well 1',
      'up null breaker out 1',
      'other a:80 probe out 1',
    ]);
    log.retain((upstream, target) => upstream === 'up' && target === null);
    expect(shown()).toEqual(['up null breaker out 1']);
  });
});
