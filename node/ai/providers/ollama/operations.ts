/** Ollama's vectors (docs.ollama.com/api/embed). Pure. */
import { listOf, numberOf } from '../../json.js';
import { extraLacks, given, lackIf, type ProviderOperations } from '../../operations/operation.js';
import { readVector, wholeVectors } from '../openai-operations/answers.js';
import { countOf, malformed, objectOf } from '../untrusted.js';

export const ollamaOperations: ProviderOperations = {
  embeddings: {
    request: ({ input, dimensions, user, extra }, { basePath, model }) => {
      const { truncate = null, keep_alive: kept = null, options = null, ...others } = extra;
      return {
        ...{ path: `${basePath}/api/embed`, query: '', headers: [] },
        body: {
          model,
          input: input.kind === 'texts' ? input.texts : [],
          ...given({ dimensions, truncate, keep_alive: kept, options }),
        },
        lacks: [
          ...lackIf(input.kind === 'tokens', 'input', 'Ollama takes texts, and no tokens'),
          ...lackIf(user !== null, 'user', 'Ollama has no such field'),
          ...extraLacks(others, 'Ollama'),
        ],
      };
    },
    answer: (body, { input }) => {
      const inputs = input.kind === 'texts' ? input.texts.length : 0;
      const vectors = listOf(objectOf(body)['embeddings']).map(readVector);
      if (vectors.length !== inputs)
        return malformed(`The answer has vectors for ${vectors.length} of ${inputs} inputs`);
      const tokens = numberOf(objectOf(body)['prompt_eval_count']);
      return wholeVectors(vectors, tokens === null ? null : countOf(tokens));
    },
  },
};
