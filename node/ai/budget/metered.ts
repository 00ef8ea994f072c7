/**
 * What an answer has taken, heard from what passes by: the provider's figures, or, where it has said nothing, the text counted. Pure.
 */
import type { ChatAnswer, ChatEvent, Usage } from '../chat/chat-answer.js';
import type { AiOutcome } from '../gateway/outcome.js';
import { type CountTokens, extrapolated } from './token-count.js';

/** Of the answer, characters that are kept to be counted. */
const SAMPLE_MAX = 4_096;

/** How an answer ended, as far as it is of matter for what it costs. */
export type MeteredEnd = 'whole' | 'cut' | 'refused';

export class Metered {
  #usage: Usage | null = null;
  #sample = '';
  #characters = 0;

  /** Figures have passed by, which whoever asked has been told. */
  get hasHeard(): boolean {
    return this.#usage !== null;
  }

  hear(events: readonly ChatEvent[]): void {
    for (const event of events) {
      if (event.kind === 'usage') this.#usage = event.usage;
      else if ('text' in event) this.#add(event.text);
    }
  }

  hearWhole({ usage, choices }: ChatAnswer): void {
    this.#usage = usage;
    for (const { parts } of choices)
      for (const part of parts) {
        if (part.kind === 'toolCall') this.#add(part.arguments);
        else if ('text' in part) this.#add(part.text);
      }
  }

  /** Null: nobody has worked for it. `input`: counts the tokens of the question. */
  usage(end: MeteredEnd, outcome: AiOutcome, input: () => number, count: CountTokens): Usage | null {
    const said = this.#usage ?? outcome.usage;
    // Of an answer in several halves the driver knows what each of them took: the text alone says nothing of questions asked again.
    if (said !== null && (!said.isEstimated || outcome.carried.length > 0)) {
      if (end === 'whole') return said;
      // Figures of a stream that was cut are those of its begin (Anthropic): what was written since is counted.
      const output = extrapolated(this.#sample, this.#characters, count);
      return output > said.output ? { ...said, output, isEstimated: true } : said;
    }
    // A question that was refused cost nothing; one whose answer was not waited for was read all the same.
    const hasWorked = this.#characters > 0 || (end !== 'refused' && outcome.provider !== '');
    if (!hasWorked) return null;
    const output = extrapolated(this.#sample, this.#characters, count);
    return { input: input(), output, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: true };
  }

  #add(text: string): void {
    this.#characters += text.length;
    if (this.#sample.length < SAMPLE_MAX) this.#sample += text.slice(0, SAMPLE_MAX - this.#sample.length);
  }
}
