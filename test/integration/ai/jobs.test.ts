/** Questions that become jobs: a client that does not wait for a model collects the answer later. */
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { startAiGateway } from '../../support/ai-gateway.js';
import { type Answering, beginSse, json, modelProvider, openAiWords } from '../../support/model-provider.js';
import { Stage, until } from '../../support/stage.js';
import { ended, statusOf } from '../jobs/job-client.js';

const stage = new Stage();
afterEach(() => stage.clear());

const question = (more: Readonly<Record<string, unknown>> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', prefer: 'respond-async, wait=0' },
  body: JSON.stringify({ model: 'openai/gpt', messages: [{ role: 'user', content: 'Hi' }], ...more }),
});

async function started(answering: Answering, more = 'async: true') {
  const provider = await modelProvider(stage, answering);
  const weir = await startAiGateway(stage, { providers: { openai: { at: provider } }, more });
  const isAsked = () =>
    until(
      () => provider.questions.length > 0,
      () => 'no question came',
    );
  return { provider, weir, isAsked };
}

async function handedOver(url: string, init: RequestInit): Promise<string> {
  const answer = await fetch(`${url}/v1/chat/completions`, init);
  expect(answer.status).toBe(202);
  return `${url}${answer.headers.get('location')}`;
}

describe('a route over models with async', () => {
  it('answers 202, and has the whole answer for whoever collects it, in the format that was asked in', async () => {
    const { provider, weir, isAsked } = await started(() => {});
    const job = await handedOver(weir.url, question());
    await isAsked();
    expect(await statusOf(job)).toMatchObject({ code: 202, state: 'pending' });
    const [asked] = provider.questions;
    if (asked === undefined) throw new Error('nobody asked');
    json(asked, openAiWords.whole({ content: 'after a while' }));
    expect(await ended(job)).toMatchObject({ state: 'done' });
    const result = await fetch(`${job}/result`);
    expect(await result.json()).toMatchObject({
      object: 'chat.completion',
      model: 'openai/gpt',
      choices: [{ message: { content: 'after a while' } }],
    });
    expect(await weir.metrics()).toContain('weir_ai_tokens_total{model="openai/*",provider="openai",kind="output"} 7');
  });

  it('keeps a stream that has not begun by then as the events that it is', async () => {
    const { provider, weir, isAsked } = await started(() => {});
    const job = await handedOver(weir.url, question({ stream: true }));
    await isAsked();
    const [asked] = provider.questions;
    if (asked === undefined) throw new Error('nobody asked');
    beginSse(asked);
    asked.response.end(openAiWords.text('a', 'b'));
    expect(await ended(job)).toMatchObject({ state: 'done' });
    const text = await (await fetch(`${job}/result`)).text();
    expect(text).toContain('"content":"b"');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('leaves the provider alone once the job is cancelled', async () => {
    const { provider, weir, isAsked } = await started(() => {});
    const job = await handedOver(weir.url, question());
    await isAsked();
    expect((await fetch(job, { method: 'DELETE' })).status).toBe(204);
    await until(
      () => provider.questions[0]?.isLeft === true,
      () => 'the provider still answers',
    );
  });

  it('tells why there is no answer where every model has failed', async () => {
    const { provider, weir, isAsked } = await started(() => {});
    const job = await handedOver(weir.url, question());
    await isAsked();
    const [asked] = provider.questions;
    if (asked === undefined) throw new Error('nobody asked');
    json(asked, { error: { message: 'no', type: 'invalid_request_error' } }, 400);
    expect(await ended(job)).toMatchObject({ state: 'failed', failure: { code: 'model_refused' } });
  });

  it('answers at once whoever does not ask for a job', async () => {
    const { weir } = await started((one) => json(one, openAiWords.whole({ content: 'hi' })));
    const client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
    const answer = await client.chat.completions.create({
      model: 'openai/gpt',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(answer.choices[0]?.message.content).toBe('hi');
    expect(await weir.metrics()).toContain('weir_ai_requests_total{model="openai/*",provider="openai",outcome="ok"} 1');
  });
});
