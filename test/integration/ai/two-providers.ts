/** A whole gateway with official clients before it, and behind it a provider of each of two kinds, by hand. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type AiConfig, startAiGateway } from '../../support/ai-gateway.js';
import {
  type Answering,
  anthropicWords,
  beginSse,
  json,
  type ModelProvider,
  modelProvider,
  openAiWords,
} from '../../support/model-provider.js';
import { type Stage, until } from '../../support/stage.js';

export const hi = [{ role: 'user', content: 'Hi' }] as const;
export const silent: Answering = () => {};

interface Given extends Omit<AiConfig, 'providers'> {
  readonly openai?: Answering;
  readonly anthropic?: Answering;
}

/** `openai/…` and `anthropic/…` are its models, and `chat` is the first with the second behind it. */
export async function started(stage: Stage, { openai = silent, anthropic = silent, ...config }: Given = {}) {
  const one = await modelProvider(stage, openai);
  const two = await modelProvider(stage, anthropic);
  const when = ['timeout', 'overloaded', 'rateLimited', 'error'] as const;
  const weir = await startAiGateway(stage, {
    providers: { openai: { at: one }, anthropic: { at: two, kind: 'anthropic' } },
    models: [
      {
        id: 'chat',
        targets: [
          { provider: 'openai', model: 'gpt', weight: 1, when: null },
          { provider: 'anthropic', model: 'claude', weight: 1, when },
        ],
      },
    ],
    ...config,
  });
  const client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
  const claude = new Anthropic({ apiKey: 'none', baseURL: weir.url, maxRetries: 0 });
  return { one, two, weir, client, claude };
}

export const saying =
  (...texts: readonly string[]): Answering =>
  (question) => {
    if (question.body['stream'] !== true) return json(question, openAiWords.whole({ content: texts.join('') }));
    beginSse(question);
    question.response.end(openAiWords.text(...texts));
  };
export const claudeSaying =
  (text: string): Answering =>
  (question) => {
    if (question.body['stream'] !== true) return json(question, anthropicWords.whole([{ type: 'text', text }]));
    beginSse(question);
    question.response.end(anthropicWords.begin() + anthropicWords.delta(text) + anthropicWords.end());
  };

export async function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

export const isAsked = (provider: ModelProvider, times = 1) =>
  until(
    () => provider.questions.length >= times,
    () => `${provider.questions.length} questions came`,
  );
export const isLeft = (provider: ModelProvider) =>
  until(
    () => provider.questions.at(-1)?.isLeft === true,
    () => 'the provider still answers',
  );
