import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import {
  askStream,
  beginStream,
  claude,
  eventsIn,
  openAi,
  provider,
  saidIn,
  setUp,
  target,
} from '../ai/gateway/testing/gateway.js';

const when = ['timeout', 'error', 'overloaded'] as const;
const models = (second = 'a/n') => [{ id: 'chat', targets: [target('a/m'), target(second, when)] }];
const given = (more: Parameters<typeof setUp>[0] = {}) =>
  setUp({ ...more, ai: { models: models(), ...more.ai }, spec: { resume: 'continue', ...more.spec } });
const bodyOf = ({ request }: { request: { body: unknown } }) => {
  const { bytes } = request.body as { bytes: Uint8Array }; // The driver sends whole bodies.
  return JSON.parse(new TextDecoder().decode(bytes));
};
const cut = failure('response_incomplete', 'it broke off');

describe('a stream that breaks off in the middle of its text', () => {
  it('is carried on by another model, which is told where it got to, and the client reads one text', () => {
    const { below, send } = given();
    const { handler, exchange } = send(askStream({ max_tokens: 100, stream_options: { include_usage: true } }));
    const [first] = below.calls;
    if (first === undefined) throw new Error('nobody was asked');
    beginStream(first);
    first.data(openAi.chunk({ content: 'The quick ' }) + openAi.chunk({ content: 'brown f' }));
    first.fail(cut);
    const { messages, model, max_completion_tokens } = bodyOf(below.last());
    expect(model).toBe('n');
    expect(messages.slice(1)).toEqual([
      { role: 'assistant', content: 'The quick brown f' },
      { role: 'user', content: expect.stringContaining('<<<The quick brown f>>>') },
    ]);
    expect(max_completion_tokens).toBe(96);
    beginStream(below.last());
    below.last().data(openAi.chunk({ role: 'assistant', content: 'The quick ' }));
    expect(saidIn(handler.text())).toBe('The quick brown f');
    below.last().data(openAi.chunk({ content: 'brown fox' }) + openAi.chunk({ content: ' jumps.' }));
    below.last().data(openAi.chunk({}, 'stop') + openAi.usage + openAi.done);
    below.last().complete();
    const events = eventsIn(handler.text());
    expect(saidIn(handler.text())).toBe('The quick brown fox jumps.');
    expect(events.filter((event) => typeof event === 'string')).toEqual([
      ': x-weir-resumed: a/n; instruction',
      ': x-weir-estimated: usage',
      '[DONE]',
    ]);
    expect(exchange.ai).toMatchObject({
      ...{
        providerModel: 'n',
        // Both halves were paid for, and the first is estimated.
        usage: { output: 11, isEstimated: true },
        resumed: [{ providerModel: 'n', how: 'instruction' }],
        error: null,
      },
      besides: [],
      moves: [{ how: 'model', why: 'cut' }],
    });
    const { usage } = events.findLast((event) => typeof event === 'object' && event !== null && 'usage' in event) as {
      usage: { completion_tokens: number };
    };
    expect(usage.completion_tokens).toBe(11);
  });

  it('is one answer to the client: with one id, one model and one role', () => {
    const { below, send } = given();
    const { handler } = send(askStream());
    beginStream(below.last());
    below.last().data(openAi.chunk({ role: 'assistant', content: '' }) + openAi.chunk({ content: 'One' }));
    below.last().fail(cut);
    beginStream(below.last());
    below.last().data(openAi.stream(', two').replaceAll('o-1', 'o-2'));
    below.last().complete();
    const chunks = eventsIn(handler.text()).filter((event) => typeof event === 'object') as {
      id: string;
      choices: { delta: { role?: string } }[];
    }[];
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined)).toHaveLength(1);
  });

  it('is gone on from as it is where the provider takes that', () => {
    const ai = {
      providers: [provider('a'), provider('b', { kind: 'anthropic' })],
      models: models('b/claude-sonnet-4-5'),
    };
    const { below, send } = given({ ai });
    const { handler, exchange } = send(askStream());
    beginStream(below.last());
    below.last().data(openAi.chunk({ content: 'One, two, ' }));
    below.last().fail(cut);
    expect(bodyOf(below.last()).messages.at(-1)).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'One, two,' }],
    });
    answerWhole(below.last(), ' three');
    expect(saidIn(handler.text())).toBe('One, two, three');
    expect(exchange.ai?.resumed).toEqual([{ provider: 'b', providerModel: 'claude-sonnet-4-5', how: 'prefix' }]);
  });

  it.each<
    [
      string,
      (call: ReturnType<ReturnType<typeof setUp>['below']['last']>, clock: { advance(ms: number): void }) => void,
    ]
  >([
    ['is silent', (_call, clock) => clock.advance(1_100)],
    ['ends without its finish', (call) => call.complete()],
    ['tells an error', (call) => void call.data(openAi.error('engine died'))],
  ])('is carried on when it %s', (_what, breaks) => {
    const { below, send, clock } = given();
    const { handler } = send(askStream());
    const first = below.last();
    beginStream(first);
    first.data(openAi.chunk({ content: 'One' }));
    breaks(first, clock);
    expect(below.calls).toHaveLength(2);
    beginStream(below.last());
    below.last().data(openAi.stream('One, two'));
    below.last().complete();
    expect([saidIn(handler.text()), handler.failure]).toEqual(['One, two', null]);
  });

  it('is carried on more than once, as long as attempts and time are left, and then fails as it does without', () => {
    const { below, send, clock, timers } = given({ spec: { attempts: 3 } });
    const { handler } = send(askStream());
    for (let i = 0; i < 3; i += 1) {
      expect(below.calls).toHaveLength(i + 1);
      beginStream(below.last());
      below.last().data(openAi.chunk({ content: `part ${i}, which is long enough. ` }));
      below.last().fail(cut);
      // The first one may be asked again after a pause, when the second has failed as well.
      clock.advance(1_000);
    }
    expect(below.calls).toHaveLength(3);
    expect(saidIn(handler.text())).toBe([0, 1, 2].map((i) => `part ${i}, which is long enough. `).join(''));
    expect(handler.text()).toContain('"error"');
    clock.advance(1_000);
    expect([handler.failure !== null, timers.armed]).toEqual([true, 0]);
  });

  it('whose continuation fails unseen goes to the next one', () => {
    const { below, send } = given({
      ai: {
        models: [
          { id: 'chat', targets: ['a/m', 'a/n', 'a/o'].map((name) => target(name, name === 'a/m' ? null : when)) },
        ],
      },
    });
    const { handler } = send(askStream());
    beginStream(below.last());
    below.last().data(openAi.chunk({ content: 'One' }));
    below.last().fail(cut);
    below.last().answer(503, ['content-type', 'application/json'], '{}');
    expect([below.calls.length, bodyOf(below.last()).model]).toEqual([3, 'o']);
    beginStream(below.last());
    below.last().data(openAi.stream('One, two'));
    below.last().complete();
    expect(saidIn(handler.text())).toBe('One, two');
  });
});

describe('a stream that breaks off ends with its error', () => {
  const breaksOff = (
    more: Parameters<typeof setUp>[0],
    asked: Readonly<Record<string, unknown>>,
    ...chunks: string[]
  ) => {
    const { below, send } = given(more);
    const { handler } = send(askStream(asked));
    beginStream(below.last());
    for (const chunk of chunks) below.last().data(chunk);
    below.last().fail(cut);
    return [below.calls.length, handler.text().includes('"error"')];
  };
  const text = openAi.chunk({ content: 'One' });
  const call = openAi.chunk({
    tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{' } }],
  });

  it.each<[string, Readonly<Record<string, unknown>>, string[]]>([
    ['once a tool call has begun', {}, [call]],
    ['also behind text', {}, [text, call]],
    ['where the answer keeps to a schema', { response_format: { type: 'json_object' } }, [text]],
    ['where there are several answers', { n: 2 }, [text]],
    ['where nothing was said but thought', {}, [openAi.chunk({ reasoning_content: 'Hm' })]],
  ])('%s', (_what, asked, chunks) => expect(breaksOff({}, asked, ...chunks)).toEqual([1, true]));

  it('where the route does not say otherwise', () => {
    const { below, send } = setUp({ ai: { models: models() } });
    send(askStream());
    beginStream(below.last());
    below.last().data(text);
    below.last().fail(cut);
    expect(below.calls).toHaveLength(1);
  });

  it('where no attempt is left', () => expect(breaksOff({ spec: { attempts: 1 } }, {}, text)).toEqual([1, true]));
});

function answerWhole(call: ReturnType<ReturnType<typeof setUp>['below']['last']>, text: string): void {
  call.answer(200, ['content-type', 'application/json'], JSON.stringify(claude.whole(text)));
}
