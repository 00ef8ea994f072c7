/**
 * Providers that speak OpenAI's chat completions and are known by name: where they lie, and the variable that their keys are
 * usually in. In what they depart from OpenAI is the translators' affair. Data alone; who is missing here is described in
 * a config by the kind `compatible`.
 */

/** `{name}` in a URL is a setting. Without a variable: a server that people run themselves, which wants no key by default. */
type Host = readonly [kind: string, title: string, url: string, variable: string | null, settings?: readonly string[]];

export const compatibleHosts: readonly Host[] = [
  ['ai21', 'AI21', 'https://api.ai21.com/studio/v1', 'AI21_API_KEY'],
  ['baseten', 'Baseten', 'https://inference.baseten.co/v1', 'BASETEN_API_KEY'],
  ['cerebras', 'Cerebras', 'https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY'],
  [
    'cloudflare',
    'Cloudflare Workers AI',
    'https://api.cloudflare.com/client/v4/accounts/{accountId}/ai/v1',
    'CLOUDFLARE_API_TOKEN',
    ['accountId'],
  ],
  ['deepinfra', 'DeepInfra', 'https://api.deepinfra.com/v1/openai', 'DEEPINFRA_API_KEY'],
  ['fireworks', 'Fireworks AI', 'https://api.fireworks.ai/inference/v1', 'FIREWORKS_API_KEY'],
  ['github-models', 'GitHub Models', 'https://models.github.ai/inference', 'GITHUB_TOKEN'],
  ['groq', 'Groq', 'https://api.groq.com/openai/v1', 'GROQ_API_KEY'],
  ['huggingface', 'Hugging Face', 'https://router.huggingface.co/v1', 'HF_TOKEN'],
  ['hyperbolic', 'Hyperbolic', 'https://api.hyperbolic.xyz/v1', 'HYPERBOLIC_API_KEY'],
  ['lambda', 'Lambda', 'https://api.lambda.ai/v1', 'LAMBDA_API_KEY'],
  ['nebius', 'Nebius', 'https://api.studio.nebius.com/v1', 'NEBIUS_API_KEY'],
  ['novita', 'Novita AI', 'https://api.novita.ai/openai/v1', 'NOVITA_API_KEY'],
  ['nvidia-nim', 'NVIDIA NIM', 'https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY'],
  ['openrouter', 'OpenRouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'],
  ['perplexity', 'Perplexity', 'https://api.perplexity.ai', 'PERPLEXITY_API_KEY'],
  ['sambanova', 'SambaNova', 'https://api.sambanova.ai/v1', 'SAMBANOVA_API_KEY'],
  ['together', 'Together AI', 'https://api.together.ai/v1', 'TOGETHER_API_KEY'],
  ['xai', 'xAI', 'https://api.x.ai/v1', 'XAI_API_KEY'],
  ['baichuan', 'Baichuan', 'https://api.baichuan-ai.com/v1', 'BAICHUAN_API_KEY'],
  ['deepseek', 'DeepSeek', 'https://api.deepseek.com', 'DEEPSEEK_API_KEY'],
  ['minimax', 'MiniMax', 'https://api.minimax.io/v1', 'MINIMAX_API_KEY'],
  ['moonshot', 'Moonshot', 'https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY'],
  ['qwen', 'Qwen (DashScope)', 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'DASHSCOPE_API_KEY'],
  ['siliconflow', 'SiliconFlow', 'https://api.siliconflow.com/v1', 'SILICONFLOW_API_KEY'],
  ['stepfun', 'StepFun', 'https://api.stepfun.com/v1', 'STEPFUN_API_KEY'],
  ['volcengine-ark', 'Volcengine Ark', 'https://ark.cn-beijing.volces.com/api/v3', 'ARK_API_KEY'],
  ['zhipu', 'Zhipu', 'https://api.z.ai/api/paas/v4', 'ZAI_API_KEY'],
  ['llama-cpp', 'llama.cpp', 'http://127.0.0.1:8080/v1', null],
  ['lm-studio', 'LM Studio', 'http://127.0.0.1:1234/v1', null],
  ['sglang', 'SGLang', 'http://127.0.0.1:30000/v1', null],
  ['vllm', 'vLLM', 'http://127.0.0.1:8000/v1', null],
];
