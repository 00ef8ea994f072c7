/**
 * What the price book lacks: models that it does not have, and traits of families of models (what they take, give and can), from
 * the model cards of those who make them. A family is found by the bare name of a model, so that it holds wherever the model
 * runs; the first that matches counts, the narrower ones stand first. What a card does not say is left out. Pure.
 */
import type { Capability, Modality, ModelTerms, Traits } from './card.js';
import type { MatchRule } from './match.js';

interface Family {
  readonly match: MatchRule;
  readonly traits: Traits;
}

const TEXT: readonly Modality[] = ['text'];
const SEEING: readonly Modality[] = ['text', 'image'];
const READING: readonly Modality[] = ['text', 'image', 'document'];
const ALL: readonly Modality[] = ['text', 'image', 'audio', 'video', 'document'];
const TOOLS: readonly Capability[] = ['tools'];
const STRICT: readonly Capability[] = ['tools', 'jsonSchema'];
const THINKING: readonly Capability[] = ['tools', 'reasoning'];
const STRICT_THINKING: readonly Capability[] = ['tools', 'jsonSchema', 'reasoning'];

function family(
  regex: string,
  inputs: readonly Modality[],
  capabilities: readonly Capability[],
  contextWindow: number | null = null,
  outputMax: number | null = null,
  outputs: readonly Modality[] = TEXT,
): Family {
  return { match: { regex }, traits: { inputs, outputs, capabilities, contextWindow, outputMax } };
}

export const families: readonly Family[] = [
  // platform.openai.com/docs/models
  family('^(?:gpt-4o|gpt).*audio', ['text', 'audio'], TOOLS, 128_000, 16_384, ['text', 'audio']),
  family('^gpt-4o(?!.*(?:search|transcribe|tts|realtime))', READING, STRICT, 128_000, 16_384),
  family('^chatgpt-4o', SEEING, [], 128_000, 16_384),
  family('^gpt-4\\.1', READING, STRICT, 1_047_576, 32_768),
  family('^gpt-4\\.5', READING, STRICT, 128_000, 16_384),
  family('^gpt-4-(?:turbo|vision|1106|0125)', SEEING, TOOLS, 128_000, 4_096),
  family('^gpt-4(?:-|$)', TEXT, TOOLS, 8_192, 8_192),
  family('^gpt-3\\.5-turbo(?!-instruct)', TEXT, TOOLS, 16_385, 4_096),
  family('^gpt-5(?:\\.\\d)?-chat', READING, STRICT, 128_000, 16_384),
  family('^gpt-5', READING, STRICT_THINKING, 400_000, 128_000),
  family('^gpt-oss', TEXT, STRICT_THINKING, 131_072),
  family('^o1-(?:mini|preview)', TEXT, ['reasoning'], 128_000),
  family('^o3-mini', TEXT, STRICT_THINKING, 200_000, 100_000),
  family('^(?:o1|o3|o4)', READING, STRICT_THINKING, 200_000, 100_000),
  // docs.claude.com, "Models overview", "Structured outputs"
  family('^claude-(?:2|instant)', TEXT, [], 200_000, 4_096),
  family('^claude-3-5-', READING, TOOLS, 200_000, 8_192),
  family('^claude-3-7-', READING, THINKING, 200_000, 64_000),
  family('^claude-3-', SEEING, TOOLS, 200_000, 4_096),
  family('^claude-opus-4-1', READING, STRICT_THINKING, 200_000, 32_000),
  family('^claude-opus-4(?:-0|$)', READING, THINKING, 200_000, 32_000),
  family('^claude-sonnet-4(?:-0|$)', READING, THINKING, 200_000, 64_000),
  family('^claude-(?:opus|sonnet|haiku)-', READING, STRICT_THINKING, 200_000, 64_000),
  // ai.google.dev/gemini-api/docs/models
  family('^gemini-1\\.5-pro', ALL, STRICT, 2_097_152, 8_192),
  family('^gemini-(?:1\\.5|2\\.0)(?!.*image)', ALL, STRICT, 1_048_576, 8_192),
  family('^gemini-(?:2\\.5|3)(?!.*(?:image|tts|audio))', ALL, STRICT_THINKING, 1_048_576, 65_536),
  family('^gemma-3-(?:4|12|27)b', SEEING, [], 131_072, 8_192),
  // docs.mistral.ai/getting-started/models
  family('^pixtral', SEEING, STRICT, 131_072),
  family('^magistral', SEEING, STRICT_THINKING, 131_072),
  family('^mistral-(?:medium|small)', SEEING, STRICT, 131_072),
  family('^mistral-large', TEXT, STRICT, 131_072),
  family('^codestral', TEXT, STRICT, 256_000),
  family('^(?:devstral|ministral|open-mistral-nemo)', TEXT, STRICT, 131_072),
  // docs.cohere.com/docs/models
  family('^command-a-vision', SEEING, ['jsonSchema'], 128_000, 8_000),
  family('^command-a-reasoning', TEXT, STRICT_THINKING, 256_000, 32_000),
  family('^command-a', TEXT, STRICT, 256_000, 8_000),
  family('^command-r', TEXT, STRICT, 128_000, 4_000),
  // docs.aws.amazon.com/nova, "What is Amazon Nova"
  family('^nova-micro', TEXT, TOOLS, 128_000, 10_000),
  family('^nova-(?:lite|pro)', ['text', 'image', 'video', 'document'], TOOLS, 300_000, 10_000),
  family('^nova-premier', ['text', 'image', 'video', 'document'], TOOLS, 1_000_000, 10_000),
  // api-docs.deepseek.com/quick_start/pricing
  family('^deepseek-(?:reasoner|r1)', TEXT, THINKING),
  family('^deepseek-(?:chat|v3)', TEXT, TOOLS),
  family('^deepseek-v4', TEXT, THINKING, 1_000_000, 384_000),
  // docs.x.ai/docs/models
  family('^grok-(?:2|vision).*vision', SEEING, STRICT, 32_768),
  family('^grok-(?:2|3)', TEXT, STRICT, 131_072),
  family('^grok-4', SEEING, STRICT_THINKING),
  // llama.com/docs/model-cards-and-prompt-formats
  family('llama-?4|llama-v4', SEEING, STRICT),
  family('llama-?(?:v3p2|3\\.2)-?(?:11|90)b', SEEING, TOOLS, 131_072),
  family('llama-?(?:v3p|3\\.)[123]', TEXT, TOOLS, 131_072),
  // qwenlm.github.io; www.alibabacloud.com/help/model-studio/models
  family('^qwen.*vl', ['text', 'image', 'video'], TOOLS),
  family('^(?:qwq|qwen.*thinking)', TEXT, THINKING),
  family('^qwen-?3-?(?:coder|.*instruct)', TEXT, STRICT, 262_144),
  family('^qwen-?3', TEXT, STRICT_THINKING),
  family('^qwen', TEXT, TOOLS),
  // docs.z.ai, "Models"; platform.moonshot.ai; platform.minimax.io
  family('^glm-4(?:\\.\\d|p\\d)v', SEEING, THINKING),
  family('^glm-(?:4(?:\\.|p)[5-9]|5)', TEXT, THINKING),
  family('^kimi-k2(?:\\.|p)[5-9]', SEEING, STRICT_THINKING, 262_144),
  family('^kimi-k2-thinking', TEXT, THINKING, 262_144),
  family('^kimi-k2', TEXT, TOOLS, 262_144),
  family('^minimax-m[12]', TEXT, THINKING),
  // docs.perplexity.ai/getting-started/models
  family('^sonar-(?:reasoning|deep)', SEEING, ['jsonSchema', 'reasoning'], 128_000),
  family('^sonar', SEEING, ['jsonSchema'], 128_000),
  // docs.ai21.com/docs/jamba-foundation-models
  family('^jamba', TEXT, TOOLS, 256_000, 4_096),
];

/** By kind: models that the price book does not have, with the prices of their makers' lists. */
export const overlay: Readonly<Record<string, readonly ModelTerms[]>> = {
  // www.ai21.com/pricing
  ai21: [
    {
      name: 'jamba-large',
      match: { starts_with: 'jamba-large' },
      title: 'Jamba Large',
      price: { input: 2, output: 8 },
    },
    {
      name: 'jamba-mini',
      match: { starts_with: 'jamba-mini' },
      title: 'Jamba Mini',
      price: { input: 0.2, output: 0.4 },
    },
  ],
  // The book has the prices of these two, and not their windows.
  gemini: [
    { name: 'gemini-2.5-pro', contextWindow: 1_048_576 },
    { name: 'gemini-2.5-flash', contextWindow: 1_048_576 },
  ],
};
