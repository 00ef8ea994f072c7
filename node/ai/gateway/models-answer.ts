/** `GET …/models`: the names that a route offers, in the words of whoever asks. Pure. */

import { providerError } from '../chat/provider-error.js';
import type { ChatFormat, FormatError } from '../format.js';
import {
  anthropicModel,
  anthropicModels,
  type ListedModel,
  openaiModel,
  openaiModels,
  readModelPage,
} from '../operations/models.js';
import { isWrong } from '../operations/read.js';
import type { Names } from './candidates.js';

/** Those that the operator has named. With `provider/model` more may be asked for, and nobody can list them. */
export function listedModels({ models, allowed }: Names): readonly ListedModel[] {
  const ids = allowed.size > 0 ? [...allowed] : [...models.keys()];
  return ids.map((id) => ({ id, title: id, owner: 'weir', createdS: 0, inputTokensMax: null, outputTokensMax: null }));
}

/** `model`: one of them; null: all. */
export function modelsAnswer(
  models: readonly ListedModel[],
  model: string | null,
  query: string,
  format: ChatFormat,
): FormatError {
  const isAnthropic = format.name === 'anthropic-messages';
  if (model !== null) {
    const found = models.find(({ id }) => id === model);
    if (found === undefined)
      return format.error(providerError('notFound', `The model \`${model}\` is not offered here.`));
    return { status: 200, body: isAnthropic ? anthropicModel(found) : openaiModel(found) };
  }
  if (!isAnthropic) return { status: 200, body: openaiModels(models) };
  const page = readModelPage(Object.fromEntries(new URLSearchParams(query)));
  return isWrong(page) ? format.misread(page) : { status: 200, body: anthropicModels(models, page) };
}
