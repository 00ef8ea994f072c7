/**
 * What attempts to override the instructions of an application look like. Each rule that matches adds its score; words can be written in
 * other ways, so this finds the clumsy attempts and is no protection by itself, which is why it is off by default. Gaps are
 * bounded: each rule takes bounded time from each place. Pure.
 */
import type { ChatRequest } from '../chat/chat-request.js';
import { mapMessages, textsOf } from './texts.js';

interface Rule {
  readonly name: string;
  readonly score: number;
  readonly pattern: RegExp;
}

export const injectionRules: readonly Rule[] = [
  {
    name: 'override',
    score: 5,
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|preceding|all|your|system|these)\b[^.\n]{0,20}\b(?:instructions?|prompts?|rules?|guidelines?|directions?)\b/i,
  },
  {
    name: 'override-other-languages',
    score: 5,
    pattern:
      /\b(?:ignoriere|vergiss|ignorez|oubliez|ignora|olvida|ignore|esqueça)\b[^.\n]{0,30}\b(?:anweisungen|vorgaben|instructions|consignes|instrucciones|instruções|istruzioni)\b|忽略.{0,10}(?:指令|指示|提示)|(?:指示|命令).{0,5}無視/i,
  },
  {
    name: 'reveal',
    score: 4,
    pattern:
      /\b(?:reveal|show|print|repeat|output|tell me|what (?:is|are))\b[^.\n]{0,20}\b(?:system|initial|hidden|original)\b[^.\n]{0,10}\b(?:prompts?|instructions?|message)\b/i,
  },
  {
    name: 'persona',
    score: 3,
    pattern:
      /\b(?:do anything now|developer mode|jailbr[eo]a?ken?|DAN mode|god mode)\b|\byou are (?:now|no longer)\b|\bfrom now on,? you\b/i,
  },
  {
    name: 'unbound',
    score: 2,
    pattern:
      /\b(?:without|no|free of)\b[^.\n]{0,15}\b(?:restrictions?|filters?|limitations?|censorship|guardrails?)\b/i,
  },
  {
    name: 'chat-markup',
    score: 4,
    pattern:
      /<\|(?:im_start|im_end|system|assistant|endoftext)\|>|\[\/?INST\]|<<\/?SYS>>|<\/?system(?:_prompt)?>|^ {0,3}#{1,4} ?(?:system|instruction)s?:?[ \t]{0,4}$/im,
  },
  {
    name: 'secrecy',
    score: 2,
    pattern: /\b(?:do not|don't|never)\b[^.\n]{0,10}\b(?:tell|mention|reveal|inform)\b[^.\n]{0,10}\bthe user\b/i,
  },
  { name: 'image-with-query', score: 2, pattern: /!\[[^\]\n]{0,100}\]\(https?:\/\/[^)\s?]{1,200}\?[^)\s]{1,200}\)/i },
  { name: 'encoded', score: 2, pattern: /\bdecode\b[^.\n]{0,20}\b(?:base64|rot13|hex)\b/i },
  { name: 'hidden-characters', score: 4, pattern: /[\u200b\u2060\u{e0020}-\u{e007f}]{3,}/u },
];

export interface Score {
  readonly score: number;
  readonly rules: readonly string[];
}

export function injectionScore(texts: readonly string[]): Score {
  const met = injectionRules.filter(({ pattern }) => texts.some((text) => pattern.test(text)));
  return { score: met.reduce((sum, { score }) => sum + score, 0), rules: met.map(({ name }) => name) };
}

/** What users and tools have said: what the application says itself is its own. */
export function foreignTexts(chat: ChatRequest): string[] {
  const messages = chat.messages.filter(({ role }) => role === 'user' || role === 'tool');
  return textsOf((map) => mapMessages({ ...chat, messages }, map));
}
