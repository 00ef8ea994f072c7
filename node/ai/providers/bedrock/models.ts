/**
 * Whose model it is, by its id: `anthropic.claude-…`, `us.amazon.nova-2-lite-v1:0` with the place of an inference profile before
 * it, or an ARN with one of these in it. An ARN of an application's own profile tells nothing. Pure.
 */
export const isClaude = (model: string): boolean => model.includes('claude');
export const isNova = (model: string): boolean => model.includes('amazon.nova');
/** The second generation thinks. */
export const isNova2 = (model: string): boolean => model.includes('amazon.nova-2');
export const isGptOss = (model: string): boolean => model.includes('openai.gpt-oss');
