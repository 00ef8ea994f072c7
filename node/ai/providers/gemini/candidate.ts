/** What one chunk of Gemini says of one candidate: its parts as events, why it ended, and what was counted. Pure. */
import type { ChatEvent, Finish, FinishReason, TokenLogprob, Usage } from '../../chat/chat-answer.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import { geminiSignature } from '../signatures.js';
import { countOf, objectOf, wordIn } from '../untrusted.js';
import { madeCallId } from './contents.js';

export interface CandidateState {
  readonly choice: number;
  /** How many calls it has made so far. */
  calls: number;
}

export function eventsOfCandidate(candidate: JsonObject, state: CandidateState, answerId: string): ChatEvent[] {
  const { choice } = state;
  let logprobs = logprobsOf(candidate['logprobsResult']);
  const events: ChatEvent[] = [];
  for (const part of listOf(objectOf(candidate['content'])['parts']).filter(isObject)) {
    for (const event of eventsOfPart(part, state, answerId)) {
      if (event.kind !== 'text') events.push(event);
      else {
        events.push({ ...event, logprobs });
        logprobs = null;
      }
    }
  }
  if (logprobs !== null) events.push({ kind: 'text', choice, text: '', logprobs });
  const sources = listOf(objectOf(candidate['citationMetadata'])['citationSources']);
  // On Vertex AI they have another name.
  const citations = [...sources, ...listOf(objectOf(candidate['citationMetadata'])['citations'])].filter(isObject);
  return [...events, ...citations.map((citation): ChatEvent => ({ kind: 'citation', choice, citation }))];
}

function eventsOfPart(part: JsonObject, state: CandidateState, answerId: string): ChatEvent[] {
  const { choice } = state;
  const call = isObject(part['functionCall']) ? part['functionCall'] : null;
  const signature = textOf(part['thoughtSignature']) || null;
  const events: ChatEvent[] = [];
  if (signature !== null) {
    const signed = geminiSignature(signature, call === null ? null : state.calls);
    events.push({ kind: 'reasoningSignature', choice, signature: signed });
  }
  const text = textOf(part['text']);
  if (text !== null && text !== '') {
    // A summary of thoughts is signed as nothing else is: its signature ends it.
    if (part['thought'] === true) events.unshift({ kind: 'reasoning', choice, text });
    else events.push({ kind: 'text', choice, text, logprobs: null });
  }
  if (call !== null) {
    const index = state.calls++;
    const id = textOf(call['id']) || madeCallId(answerId, choice, index);
    events.push({ kind: 'toolCall', choice, call: index, id, name: textOf(call['name']) ?? '' });
    events.push({ kind: 'toolArguments', choice, call: index, text: JSON.stringify(call['args'] ?? {}) });
  }
  return events;
}

const reasons: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'contentFilter',
  RECITATION: 'contentFilter',
  BLOCKLIST: 'contentFilter',
  PROHIBITED_CONTENT: 'contentFilter',
  SPII: 'contentFilter',
  MODEL_ARMOR: 'contentFilter',
  IMAGE_SAFETY: 'contentFilter',
  IMAGE_PROHIBITED_CONTENT: 'contentFilter',
  IMAGE_RECITATION: 'contentFilter',
  MALFORMED_FUNCTION_CALL: 'malformedToolCall',
  UNEXPECTED_TOOL_CALL: 'malformedToolCall',
  CONTINUATION: 'pause',
};

/** Not in Google's reference: what servers say that imitate it (aimock). */
const CALLED = 'FUNCTION_CALL';

/** Null while nothing has been said. Gemini has no word of its own for an end that calls tools. */
export function finishOf(candidate: JsonObject, { calls }: CandidateState): Finish | null {
  const native = textOf(candidate['finishReason']);
  if (native === null) return null;
  const reason = wordIn(reasons, native) ?? 'other';
  const hasCalled = calls > 0 && (reason === 'stop' || native === CALLED);
  return { reason: hasCalled ? 'toolCalls' : reason, native, stopSequence: null };
}

/** Gemini counts thoughts beside the answer, and what its own tools read beside the prompt. */
export function usageOf(metadata: unknown): Usage | null {
  if (!isObject(metadata)) return null;
  const reasoning = countOf(metadata['thoughtsTokenCount']);
  return {
    input: countOf(metadata['promptTokenCount']) + countOf(metadata['toolUsePromptTokenCount']),
    output: countOf(metadata['candidatesTokenCount']) + reasoning,
    cachedInput: countOf(metadata['cachedContentTokenCount']),
    cacheWrite: 0,
    reasoning,
    isEstimated: false,
  };
}

function logprobsOf(result: unknown): TokenLogprob[] | null {
  if (!isObject(result)) return null;
  const tops = listOf(result['topCandidates']);
  return listOf(result['chosenCandidates']).map((chosen, index) => ({
    ...logprobOf(chosen),
    top: listOf(objectOf(tops[index])['candidates']).map(logprobOf),
  }));
}

function logprobOf(value: unknown): { token: string; logprob: number; bytes: null } {
  const read = objectOf(value);
  return { token: textOf(read['token']) ?? '', logprob: numberOf(read['logProbability']) ?? 0, bytes: null };
}
