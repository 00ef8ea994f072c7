import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { hedged, learnt } from './testing/hedge-stage.js';

const refused = failure('connection_refused', '');
const reset = failure('connection_closed', '');

describe('the delay of a hedge that is learnt', () => {
  it('is the cold one at first, and then the quantile of what it waits for: attempt given to answer begun', () => {
    const world = hedged(learnt);
    for (let i = 0; i < 200; i += 1) {
      world.send();
      world.clock.advance(30);
      world.bottom.last().answer(200);
    }
    const before = world.bottom.calls.length;
    world.send();
    world.clock.advance(28);
    expect(world.bottom.calls).toHaveLength(before + 1);
    world.clock.advance(4);
    expect(world.bottom.calls).toHaveLength(before + 2);
  });

  it('stays short when a tenth of all first attempts stall, for whoever is hedged is not waited for', () => {
    const world = hedged(learnt);
    let worstMs = 0;
    for (let i = 0; i < 3_000; i += 1) {
      const { handler } = world.send();
      const stalls = i > 500 && i % 10 === 0;
      if (!stalls) {
        world.clock.advance(10);
        world.bottom.last().answer(200);
        continue;
      }
      const fromMs = world.clock.nowMs();
      const made = world.bottom.calls.length;
      while (world.bottom.calls.length === made) world.clock.advance(1);
      world.clock.advance(10);
      world.bottom.last().answer(200);
      worstMs = Math.max(worstMs, world.clock.nowMs() - fromMs);
      expect(handler.ended).toBe(true);
    }
    expect(worstMs).toBeLessThan(100);
  });

  it.each(['fail', 'cancel'] as const)('grows by what was waited for in vain: %s', (end) => {
    const world = hedged(learnt);
    const answerAll = (): void => {
      for (let i = 0; i < 120; i += 1) {
        world.send();
        world.clock.advance(10);
        world.bottom.last().answer(200);
      }
    };
    /** Time until the next request is hedged. */
    const delay = (): number => {
      world.clock.advance(250);
      const { cancel } = world.send();
      const [fromMs, made] = [world.clock.nowMs(), world.bottom.calls.length];
      while (world.bottom.calls.length === made) world.clock.advance(1);
      cancel();
      return world.clock.nowMs() - fromMs;
    };
    answerAll();
    const before = delay();
    for (let i = 0; i < 40; i += 1) {
      const made = world.bottom.calls.length;
      const { cancel } = world.send();
      world.clock.advance(400);
      if (end === 'cancel') cancel();
      else for (const call of world.bottom.calls.slice(made)) call.fail(reset);
    }
    expect(delay()).toBeGreaterThan(before * 10);
  });

  it('is not shortened by errors that come fast', () => {
    const world = hedged(learnt);
    for (let i = 0; i < 120; i += 1) {
      world.send();
      world.clock.advance(80);
      world.bottom.last().answer(200);
    }
    for (let i = 0; i < 10_000; i += 1) {
      world.send();
      if (i % 2 === 0) world.bottom.last().answer(500);
      else world.bottom.last().fail(refused);
    }
    world.clock.advance(250);
    const before = world.bottom.calls.length;
    world.send();
    world.clock.advance(77);
    expect(world.bottom.calls).toHaveLength(before + 1);
  });
});
