/**
 * Why a choice ended, for the clients of chat completions and completions: a word that does not lie, and `native_finish_reason`
 * (as OpenRouter has it) with the provider's own where that is another. Pure.
 */
import type { Finish } from '../../chat/chat-answer.js';
import { finishWord } from '../../openai-words/finish.js';

export interface FinishWords {
  readonly finish_reason: string;
  readonly native_finish_reason?: string;
}

/** `hasRefused`: the choice holds a refusal in the model's words. Then it is an answer like others, and `refusal` holds it. */
export function finishWords(finish: Finish, hasRefused: boolean): FinishWords {
  const { reason, native } = finish;
  const finish_reason = reason === 'refusal' && hasRefused ? 'stop' : finishWord(finish);
  return native === null || native === finish_reason
    ? { finish_reason }
    : { finish_reason, native_finish_reason: native };
}
