/** A guard of a snapshot with what it looks by, and what it says of a question without asking anybody. Pure. */
import type { AiGuardSpec } from '@weir/proto/snapshot/ai.js';
import type { ChatRequest } from '../chat/chat-request.js';
import type { Detector } from './detector.js';
import { foreignTexts, injectionScore } from './injection.js';
import { Masker, type Replace } from './masker.js';
import { theOwnPattern } from './own-patterns-loader.js';
import { phraseDetector } from './phrases.js';
import { piiDetectors } from './pii.js';
import { mapMessages, textsOf } from './texts.js';

export interface CompiledGuard {
  readonly spec: AiGuardSpec;
  readonly detectors: readonly Detector[];
}

export function compileGuard(spec: AiGuardSpec): CompiledGuard {
  return {
    spec,
    detectors: [
      ...spec.pii.map((kind) => piiDetectors[kind]),
      ...spec.patterns.map((pattern) => theOwnPattern()(pattern)),
      ...(spec.deny.length === 0 ? [] : [phraseDetector(spec.deny, 'DENIED')]),
    ],
  };
}

/** Why a question is refused, for its caller; null: for none of these. No word of it is in there. */
export function questionFault({ spec }: CompiledGuard, chat: ChatRequest): string | null {
  const { charactersMax, messagesMax, injectionScore: limit } = spec;
  if (messagesMax !== null && chat.messages.length > messagesMax)
    return `it has ${chat.messages.length} messages, and ${messagesMax} are allowed`;
  if (charactersMax !== null) {
    const texts = textsOf((map) => mapMessages(chat, map));
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    if (characters > charactersMax) return `it has ${characters} characters, and ${charactersMax} are allowed`;
  }
  if (limit === null) return null;
  const { score, rules } = injectionScore(foreignTexts(chat));
  return score >= limit ? `it looks like an attempt to override instructions (${rules.join(', ')})` : null;
}

/** A whole text at once. */
export function maskedText(detectors: readonly Detector[], replace: Replace, text: string): string {
  const masker = new Masker(detectors, replace);
  return masker.feed(text) + masker.end();
}
