/**
 * The list of models, in the words of either format; both are asked at `GET /v1/models`, and callers of Anthropic's are known by
 * their `anthropic-version`. Sources: https://platform.openai.com/docs/api-reference/models,
 * https://docs.anthropic.com/en/api/models-list. Pure.
 */
import { Reading } from '../formats/reading.js';
import type { JsonObject } from '../json.js';
import type { Read } from './read.js';

export interface ListedModel {
  /** By the name that callers use. */
  readonly id: string;
  readonly title: string;
  readonly owner: string;
  /** Unix time in seconds; 0 where nobody knows. */
  readonly createdS: number;
  readonly inputTokensMax: number | null;
  readonly outputTokensMax: number | null;
}

export function openaiModel({ id, createdS, owner }: ListedModel): JsonObject {
  return { id, object: 'model', created: createdS, owned_by: owner };
}

export function openaiModels(models: readonly ListedModel[]): JsonObject {
  return { object: 'list', data: models.map(openaiModel) };
}

export function anthropicModel({ id, title, createdS, inputTokensMax, outputTokensMax }: ListedModel): JsonObject {
  return {
    type: 'model',
    id,
    display_name: title,
    created_at: new Date(createdS * 1000).toISOString(),
    max_input_tokens: inputTokensMax,
    max_tokens: outputTokensMax,
  };
}

export interface ModelPage {
  readonly limit: number;
  /** The page ends before this model; null: at the end. */
  readonly beforeId: string | null;
  /** The page begins behind this model; null: at the beginning. */
  readonly afterId: string | null;
}

const LIMIT_MAX = 1000;
const LIMIT = 20;

/** From the query of the request, decoded. */
export function readModelPage(query: Readonly<Record<string, string | undefined>>): Read<ModelPage> {
  const reading = new Reading();
  const said = query['limit'];
  const limit = said === undefined ? LIMIT : Number(said);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    reading.wrong('limit', `\`limit\` is no number of models: give a whole number from 1 to ${LIMIT_MAX}.`);
  }
  const [beforeId, afterId] = [query['before_id'] ?? null, query['after_id'] ?? null];
  if (beforeId !== null && afterId !== null)
    reading.wrong('before_id', '`before_id` and `after_id` are two pages: give one of them.');
  return reading.misread ?? { limit, beforeId, afterId };
}

/** An id that is not in the list (any more) bounds nothing. */
export function anthropicModels(models: readonly ListedModel[], { limit, beforeId, afterId }: ModelPage): JsonObject {
  const ids = models.map(({ id }) => id);
  const from = afterId === null ? 0 : ids.indexOf(afterId) + 1;
  const before = beforeId === null ? -1 : ids.indexOf(beforeId);
  const to = before === -1 ? models.length : before;
  const page =
    before === -1 ? models.slice(from, Math.min(to, from + limit)) : models.slice(Math.max(0, to - limit), to);
  const hasMore = before === -1 ? from + page.length < models.length : to - page.length > 0;
  return {
    data: page.map(anthropicModel),
    has_more: hasMore,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}
