/** Which shelf of the price book belongs to which kind of provider; in this order where one resells others. Pure. */

export const shelves: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['anthropic'],
  'azure-openai': ['azure', 'openai'],
  baseten: ['baseten'],
  bedrock: ['aws'],
  cerebras: ['cerebras'],
  cloudflare: ['cloudflare'],
  cohere: ['cohere'],
  deepseek: ['deepseek'],
  fireworks: ['fireworks'],
  gemini: ['google'],
  groq: ['groq'],
  huggingface: ['huggingface_together', 'huggingface_groq', 'huggingface_cerebras'],
  minimax: ['minimax'],
  mistral: ['mistral'],
  moonshot: ['moonshotai'],
  novita: ['novita'],
  openai: ['openai'],
  openrouter: ['openrouter'],
  perplexity: ['perplexity'],
  together: ['together'],
  vertex: ['google', 'anthropic', 'mistral'],
  xai: ['x-ai'],
  zhipu: ['zai'],
};

/** Servers that people run themselves: a token costs nothing that anybody bills. */
export const freeKinds: ReadonlySet<string> = new Set(['llama-cpp', 'lm-studio', 'ollama', 'sglang', 'vllm']);
