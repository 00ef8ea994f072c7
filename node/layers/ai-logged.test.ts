import type { AiGuardSpec } from '@weir/proto/snapshot/ai.js';
import { describe, expect, it } from 'vitest';
import { answerJson, ask, askStream, beginStream, openAi, setUp, target } from '../ai/gateway/testing/gateway.js';
import { aiPart } from '../observe/ai-line.js';

const ai = { models: [{ id: 'chat', targets: [target('a/m')] }] };
const guard: AiGuardSpec = {
  ...{
    id: 'g',
    onRequest: true,
    onAnswer: false,
    action: 'mask',
    restores: false,
    pii: ['email'],
    patterns: [],
    deny: [],
  },
  ...{ charactersMax: null, messagesMax: null, answerCharactersMax: null, injectionScore: null, webhook: null },
};
const saying = (content: string) => ({
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content },
  ],
});
type SetUp = ReturnType<typeof setUp>;
type Exchange = ReturnType<SetUp['send']>['exchange'];
const partOf = ({ ai: outcome }: Exchange): Record<string, unknown> => {
  if (outcome === null) throw new Error('no model was asked');
  return JSON.parse(`{${aiPart(outcome).slice(1)}}`).ai;
};

describe('the access log', () => {
  it('has no word of what was said, unless the route says so', () => {
    const { below, send } = setUp({ ai });
    const { exchange } = send(ask(saying('a secret')));
    answerJson(below.last(), openAi.whole('another'));
    expect(JSON.stringify(partOf(exchange))).not.toMatch(/secret|another/);
  });

  it('has question and answer, of a stream as one text, where it does', () => {
    const { below, send } = setUp({ ai, spec: { loggedChars: 1_000 } });
    const { exchange, handler } = send(askStream(saying('Wie geht’s?')));
    beginStream(below.last());
    below.last().data(openAi.stream('Gut, ', 'danke. ', '👋'));
    below.last().complete();
    expect(handler.text()).toContain('danke');
    expect(partOf(exchange)).toMatchObject({
      question: 'system: Be brief.\nuser: Wie geht’s?',
      answer: 'Gut, danke. 👋',
    });
    const whole = send(ask(saying('b')));
    answerJson(below.last(), openAi.whole('hi'));
    expect(partOf(whole.exchange)).toMatchObject({ question: 'system: Be brief.\nuser: b', answer: 'hi' });
  });

  it('has what was said of an answer that broke off, or of none', () => {
    const { below, send } = setUp({ ai, spec: { loggedChars: 1_000 } });
    const { exchange, cancel } = send(askStream(saying('b')));
    beginStream(below.last());
    below.last().data(openAi.chunk({ role: 'assistant', content: 'hel' }));
    cancel();
    expect(partOf(exchange)).toMatchObject({ answer: 'hel' });
    const failed = send(ask(saying('b')));
    answerJson(below.last(), { error: { message: 'no', type: 'invalid_request_error' } }, 400);
    expect(partOf(failed.exchange)).toMatchObject({ question: 'system: Be brief.\nuser: b', answer: '' });
  });

  it('has the end of a question and the beginning of an answer, each of so many characters', () => {
    const { below, send } = setUp({ ai, spec: { loggedChars: 3_000 } });
    const { exchange } = send(askStream(saying(`${'x'.repeat(9_000)}end`)));
    beginStream(below.last());
    below.last().data(openAi.stream('begin', 'y'.repeat(2_000), 'z'.repeat(2_000)));
    below.last().complete();
    const { question, answer } = partOf(exchange) as { question: string; answer: string };
    expect([question.length, answer.length]).toEqual([3_000, 3_000]);
    expect([question.endsWith('end'), answer.startsWith('begin')]).toEqual([true, true]);
  });

  it('has what guards have masked as they have masked it, and no answer that a guard looks at', () => {
    for (const onAnswer of [false, true]) {
      const guards = [{ ...guard, onAnswer }];
      const { below, send } = setUp({ ai: { ...ai, guards }, spec: { loggedChars: 1_000, guards: ['g'] } });
      const { exchange } = send(ask(saying('I am ada@example.com')));
      answerJson(below.last(), openAi.whole('Hello bob@example.com'));
      const part = partOf(exchange);
      expect(part['question']).toMatch(/^system: Be brief\.\nuser: I am \[/);
      expect(JSON.stringify(part)).not.toContain('ada@');
      expect(part['answer']).toBe(onAnswer ? undefined : 'Hello bob@example.com');
    }
  });
});
