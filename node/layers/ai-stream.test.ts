import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { FAREWELL_MS } from '../ai/gateway/outlet.js';
import {
  answerJson,
  ask,
  askStream,
  beginStream,
  claude,
  eventsIn,
  openAi,
  saidIn,
  setUp,
  target,
} from '../ai/gateway/testing/gateway.js';

const json = (text: string) => JSON.parse(text);
const bodyOf = (request: { body: unknown }) => {
  const { bytes } = request.body as { bytes: Uint8Array }; // The driver sends whole bodies.
  return json(new TextDecoder().decode(bytes));
};
const oneModel = { models: [{ id: 'chat', targets: [target('a/m')] }] };

describe('a stream', () => {
  it('is passed on piece by piece, and ends as the format ends', () => {
    const { below, send, exchangeEnds } = withEnds();
    const { handler, exchange } = send(askStream());
    expect(bodyOf(below.last().request)).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    beginStream(below.last());
    below.last().data(openAi.chunk({ role: 'assistant', content: '' }));
    below.last().data(openAi.chunk({ content: 'he' }));
    expect(saidIn(handler.text())).toBe('he');
    below.last().data(openAi.chunk({ content: 'llo' }));
    expect(saidIn(handler.text())).toBe('hello');
    below.last().data(openAi.chunk({}, 'stop') + openAi.usage + openAi.done);
    below.last().complete();
    expect(eventsIn(handler.text()).at(-1)).toBe('[DONE]');
    expect(headerValue(handler.headers, 'content-type')).toMatch(/^text\/event-stream/);
    // The caller has not asked for usage, and gets none; the gateway has, and counts.
    expect(handler.text()).not.toContain('prompt_tokens');
    expect(exchange.ai).toMatchObject({ usage: { input: 5, output: 7, isEstimated: false } });
    exchangeEnds();
  });

  it('is the same wherever its bytes are split', () => {
    const whole = new TextEncoder().encode(openAi.stream('Grüße ', '東京', ' 👋'));
    const { below, send } = setUp();
    for (let at = 1; at < whole.length; at += 1) {
      const { handler } = send(askStream());
      beginStream(below.last());
      below.last().data(whole.subarray(0, at));
      below.last().data(whole.subarray(at));
      below.last().complete();
      expect([saidIn(handler.text()), eventsIn(handler.text()).at(-1)]).toEqual(['Grüße 東京 👋', '[DONE]']);
    }
  });

  it('that is cut at any byte never ends clean: it goes elsewhere unseen before content, and breaks after it', () => {
    const whole = new TextEncoder().encode(openAi.stream('one', 'two'));
    const finishAt = new TextDecoder().decode(whole).indexOf('"finish_reason":"stop"');
    for (const how of ['clean', 'broken'] as const) {
      for (let at = 0; at < whole.length; at += 1) {
        const { below, send, clock } = setUp({ ai: oneModel });
        const { handler } = send(askStream(), {}, 1_000);
        beginStream(below.last());
        below.last().data(whole.subarray(0, at));
        if (how === 'clean') below.last().complete();
        else below.last().fail(failure('response_incomplete', 'cut'));
        clock.advance(FAREWELL_MS);
        const isSaid = handler.status === 200;
        const hasDone = handler.text().includes('[DONE]');
        // Behind the finish reason a clean end is one; a broken connection never is.
        if (hasDone) expect([how, at > finishAt, handler.failure]).toEqual(['clean', true, null]);
        else if (isSaid)
          expect([handler.failure?.code, handler.text().includes('"error"')]).toEqual(['model_failed', true]);
        else expect(below.calls.length + (handler.ended ? 1 : 0)).toBe(1);
      }
    }
  });

  it('of a hundred thousand chunks passes, and nothing of it is kept', () => {
    const { below, send, heldBytes } = setUp();
    const { handler, exchange } = send(askStream());
    beginStream(below.last());
    const chunk = openAi.chunk({ content: 'x' });
    for (let i = 0; i < 100_000; i += 1) below.last().data(chunk);
    expect([handler.chunks.length, heldBytes.bytes]).toEqual([100_000, 0]);
    below.last().data(openAi.chunk({}, 'stop'));
    below.last().complete();
    expect(exchange.ai?.usage).toMatchObject({ output: 25_000, isEstimated: true });
  });

  it('waits for a slow reader: the valve of the provider closes, nothing is kept, and no limit runs', () => {
    const { below, send, clock } = setUp();
    const { handler } = send(askStream());
    beginStream(below.last());
    handler.open = false;
    expect(below.last().data(openAi.chunk({ content: 'a' }))).toBe(false);
    clock.advance(50_000);
    expect([handler.ended, below.last().cancelled, below.last().resumes]).toEqual([false, false, 0]);
    handler.open = true;
    handler.head?.resume();
    expect(below.last().resumes).toBe(1);
    expect(below.last().data(openAi.chunk({ content: 'b' }))).toBe(true);
    expect(saidIn(handler.text())).toBe('ab');
  });

  it('whose client leaves is cancelled at once, and what it has cost is counted', () => {
    const { below, send, timers, bodies } = setUp();
    const { cancel, exchange } = send(askStream());
    beginStream(below.last());
    below.last().data(openAi.chunk({ content: 'x'.repeat(400) }));
    cancel();
    expect([below.last().cancelled, timers.armed, bodies.bytes]).toEqual([true, 0, 0]);
    expect(exchange.ai?.usage).toMatchObject({ output: 100, isEstimated: true });
  });

  it('that a provider answers whole becomes a stream', () => {
    const { below, send } = setUp();
    const { handler } = send(askStream());
    answerJson(below.last(), openAi.whole('hello'));
    expect([saidIn(handler.text()), eventsIn(handler.text()).at(-1)]).toEqual(['hello', '[DONE]']);
  });

  it('that has said all ends, though its provider keeps the connection open', () => {
    const { below, send, clock, fired } = setUp();
    const { handler } = send(askStream());
    beginStream(below.last());
    below.last().data(openAi.stream('hi'));
    clock.advance(1_100);
    expect([handler.events.at(-1), eventsIn(handler.text()).at(-1), fired]).toEqual(['onComplete', '[DONE]', []]);
  });
});

describe('behind the first content', () => {
  const begun = (given: Parameters<typeof setUp>[0] = {}) => {
    const set = setUp(given);
    const sent = set.send(askStream());
    beginStream(set.below.last());
    set.below.last().data(openAi.chunk({ content: 'Once' }));
    return { ...set, ...sent };
  };

  it.each([
    ['betweenTokens: pings do not reset it', 'between_tokens_timeout', 1_000, undefined],
    [
      'tokenRate',
      'token_rate_timeout',
      10_000,
      { spec: { timers: { firstTokenMs: 3_000, betweenTokensMs: 60_000, tokensPerSecondMin: 5 } } },
    ],
  ] as const)('%s ends it by an error event, and then the connection breaks', (_what, code, afterMs, given) => {
    const { below, handler, clock } = begun(given);
    for (let ms = 0; ms < afterMs; ms += 100) {
      below.last().data(': ping\n\n');
      clock.advance(100);
    }
    clock.advance(10);
    expect(below.last().cancelled).toBe(true);
    expect(eventsIn(handler.text()).at(-1)).toHaveProperty('error');
    expect(handler.text()).not.toContain('[DONE]');
    expect(handler.ended).toBe(false);
    clock.advance(FAREWELL_MS);
    expect(handler.failure?.code).toBe(code);
  });

  it('an error of the provider is told, and nobody else is asked: what was said can not be unsaid', () => {
    const { below, handler, clock, timers } = begun();
    below.last().data(openAi.error('engine died'));
    clock.advance(FAREWELL_MS);
    expect([below.calls.length, handler.failure?.code, timers.armed]).toEqual([1, 'model_failed', 0]);
    expect(eventsIn(handler.text()).at(-1)).toMatchObject({ error: { message: 'engine died' } });
  });

  it('a tool call that has begun is never begun anew by another model', () => {
    const { below, send, clock } = setUp();
    const { handler } = send(askStream());
    beginStream(below.last());
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'pay', arguments: '' } };
    below.last().data(openAi.chunk({ tool_calls: [call] }));
    below.last().fail(failure('connection_closed', 'gone'));
    clock.advance(60_000);
    expect([below.calls.length, handler.failure?.code]).toEqual([1, 'model_failed']);
    expect(handler.text().match(/"pay"/g)).toHaveLength(1);
  });

  it('the connection breaks only when a slow client has taken the error', () => {
    const { below, handler, clock, fired } = begun({ spec: { heartbeatMs: 100 } });
    handler.open = false;
    below.last().data(openAi.chunk({ content: ' upon' }));
    clock.advance(2_000);
    below.last().fail(failure('response_incomplete', 'cut'));
    // Nothing else happens to it meanwhile; that the client does not read is told by the listener.
    clock.advance(70_000);
    expect([handler.ended, handler.text().includes('"error"'), fired]).toEqual([false, true, []]);
    expect(handler.text()).not.toContain('waiting');
    handler.head?.resume();
    expect([handler.ended, handler.failure?.code]).toEqual([true, 'model_failed']);
  });

  it('the deadline is told in the stream, before it passes', () => {
    const { handler, clock, below } = begun();
    for (let i = 0; i < 70 && !handler.ended; i += 1) {
      clock.advance(900);
      below.last().data(openAi.chunk({ content: '.' }));
    }
    expect([handler.failure?.timer, handler.text().includes('deadline')]).toEqual(['total', true]);
  });
});

describe('heartbeats', () => {
  const spec = { heartbeatMs: 500 };

  it('go out while a stream waits, and the answer behind them is whole', () => {
    const { below, send, clock } = setUp({ spec });
    const { handler } = send(askStream());
    clock.advance(1_600);
    expect([handler.status, eventsIn(handler.text())]).toEqual([200, [': waiting', ': waiting', ': waiting']]);
    beginStream(below.last());
    below.last().data(openAi.stream('hi'));
    below.last().complete();
    expect([saidIn(handler.text()), handler.events.at(-1)]).toEqual(['hi', 'onComplete']);
  });

  it('go out between tokens, and stop with the answer', () => {
    const { below, send, clock, timers } = setUp({ spec });
    const { handler } = send(askStream());
    beginStream(below.last());
    below.last().data(openAi.chunk({ content: 'a' }));
    clock.advance(600);
    below.last().data(openAi.chunk({ content: 'b' }) + openAi.chunk({}, 'stop'));
    below.last().complete();
    clock.advance(5_000);
    expect(eventsIn(handler.text()).filter((event) => event === ': waiting')).toHaveLength(1);
    expect(timers.armed).toBe(0);
  });

  it('never reach a caller of a whole answer, nor one that does not read', () => {
    const { send, clock } = setUp({ spec });
    const { handler } = send(ask());
    clock.advance(2_000);
    expect(handler.events).toEqual([]);
    const slow = send(askStream());
    slow.handler.open = false;
    clock.advance(2_900);
    expect(slow.handler.chunks).toHaveLength(1);
  });

  it('make the head go out: what fails then is told as the error event of the format', () => {
    const { below, send, clock } = setUp({ spec, ai: oneModel });
    const { handler } = send(askStream());
    clock.advance(600);
    answerJson(below.last(), { error: { message: 'bad tool', type: 'invalid_request_error' } }, 400);
    expect(eventsIn(handler.text()).at(-1)).toMatchObject({ error: { message: 'bad tool' } });
    clock.advance(FAREWELL_MS);
    expect(handler.failure?.code).toBe('model_refused');
  });

  it('leave the way to another model open', () => {
    const { below, send, clock } = setUp({ spec });
    const { handler } = send(askStream());
    clock.advance(3_100);
    answerJson(below.last(), claude.whole('hi'));
    expect([below.calls.length, saidIn(handler.text()), handler.events.at(-1)]).toEqual([2, 'hi', 'onComplete']);
  });
});

function withEnds() {
  const set = setUp();
  return {
    ...set,
    /** All that was taken has been given back. */
    exchangeEnds: () => expect([set.timers.armed, set.bodies.bytes, set.heldBytes.bytes]).toEqual([0, 0, 0]),
  };
}
