/** Gateways that give an answer to questions that mean the same. Their vectors are the test's, made of the words in them. */
import type { AiCacheSpec, AiSemanticSpec } from '@weir/proto/snapshot/ai.js';
import { type AiConfig, type AiGateway, startAiGateway } from '../../support/ai-gateway.js';
import { json, type ModelProvider, modelProvider, openAiWords, type Question } from '../../support/model-provider.js';
import type { Stage } from '../../support/stage.js';

const semantic: AiSemanticSpec = {
  ...{ provider: 'openai', model: 'vectors', threshold: 0.9, timeoutMs: 5_000, entriesMax: 10, store: 'memory' },
};
const cache: AiCacheSpec = {
  ...{ ttlMs: 60_000, isShared: false, tokensPerSecond: null, temperatureMax: 0, keepsFiltered: false },
  ...{ collapses: true, answerBytesMax: 1_000_000, semantic },
};

/** One axis for each of these words. */
const axes = ['capital', 'france', 'spain', 'weather'];
export const vectorOf = (text: string): number[] => axes.map((axis) => (text.toLowerCase().includes(axis) ? 1 : 0.01));

/** Its answers are numbered; `embedding` is answered in place of a vector. */
export async function alikeProvider(stage: Stage, embedding?: (question: Question) => void) {
  let answers = 0;
  const texts: string[] = [];
  const provider = await modelProvider(stage, (question) => {
    if (!question.path.endsWith('/embeddings')) {
      answers += 1;
      json(question, openAiWords.whole({ content: `answer ${answers}` }));
      return;
    }
    const [text = ''] = question.body['input'] as string[]; // As the gateway asks.
    texts.push(text);
    if (embedding !== undefined) embedding(question);
    else
      json(question, { object: 'list', data: [{ index: 0, embedding: vectorOf(text) }], usage: { prompt_tokens: 3 } });
  });
  return { provider, texts };
}

export interface AlikeGiven {
  readonly spec?: Partial<AiSemanticSpec>;
  /** In place of a vector. */
  readonly embedding?: (question: Question) => void;
  readonly ttlMs?: number;
}

export function alikeGateway(
  stage: Stage,
  provider: Pick<ModelProvider, 'url'>,
  { spec = {}, ttlMs = cache.ttlMs, ...more }: Omit<AlikeGiven, 'embedding'> & Partial<AiConfig>,
): Promise<AiGateway> {
  const route = { cache: { ...cache, ttlMs, semantic: { ...semantic, ...spec } } };
  return startAiGateway(stage, { providers: { openai: { at: provider } }, route, ...more });
}

/** Text, X-Weir-Cache, Cache-Status. */
export type Told = readonly [string | undefined, string | null, string | null];

export const askAt =
  ({ url }: AiGateway, headers: Readonly<Record<string, string>> = {}) =>
  async (content: string, system = 'Be brief.', more: Readonly<Record<string, unknown>> = {}): Promise<Told> => {
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content },
    ];
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'openai/gpt', messages, ...more }),
    });
    const body = (await answer.json()) as { choices: { message: { content: string } }[] };
    return [body.choices[0]?.message.content, answer.headers.get('x-weir-cache'), answer.headers.get('cache-status')];
  };
