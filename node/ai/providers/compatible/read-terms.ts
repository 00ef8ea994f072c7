/**
 * The words of a compatible provider as a config or a snapshot brings them: known to be JSON and nothing more. What is wrong is
 * named, for a word that is passed over would be a field that is lost in silence. Pure.
 */
import { operationWords } from '@weir/proto/ai/compatible-words.js';
import type { FinishReason } from '../../chat/chat-answer.js';
import type { ReasoningEffort } from '../../chat/chat-request.js';
import { providerErrorTable } from '../../chat/provider-error.js';
import { isObject } from '../../json.js';
import { type CompatibleSpec, refusable, takable } from './spec.js';

/** What the config may say of a compatible provider: any of a spec's words but its name. */
export type CompatibleTerms = Partial<Omit<CompatibleSpec, 'id'>>;

export interface TermsFault {
  /** `reasoning.efforts`, `refuses`, … */
  readonly at: string;
  /** What belongs there. */
  readonly wants: string;
}

export function isTermsFault(read: CompatibleTerms | TermsFault): read is TermsFault {
  return 'wants' in read;
}

interface Check {
  readonly wants: string;
  holds(value: unknown): boolean;
}

const finishReasons: Readonly<Record<FinishReason, true>> = {
  stop: true,
  length: true,
  toolCalls: true,
  contentFilter: true,
  refusal: true,
  pause: true,
  contextExceeded: true,
  malformedToolCall: true,
  other: true,
};
const efforts: Readonly<Record<ReasoningEffort, true>> = {
  none: true,
  minimal: true,
  low: true,
  medium: true,
  high: true,
  xhigh: true,
  max: true,
};

const text: Check = { wants: 'a text', holds: (value) => typeof value === 'string' && value !== '' };
const flag: Check = { wants: 'true or false', holds: (value) => typeof value === 'boolean' };

function oneOf(words: readonly string[]): Check {
  return { wants: `one of ${words.join(', ')}`, holds: (value) => words.some((word) => word === value) };
}

function listOf(each: Check): Check {
  return {
    wants: `a list, each of it ${each.wants}`,
    holds: (value) => Array.isArray(value) && value.every(each.holds),
  };
}

function tableOf(each: Check): Check {
  const holds = (value: unknown): boolean => isObject(value) && Object.values(value).every(each.holds);
  return { wants: `words, each with ${each.wants}`, holds };
}

const url: Check = {
  wants: 'an http or https URL without a slash at its end',
  holds: (value) => typeof value === 'string' && /^https?:\/\/[^\s?#]+[^\s?#/]$/.test(value),
};
const path: Check = { wants: 'a path', holds: (value) => typeof value === 'string' && /^\/[^\s?#]*$/.test(value) };
const credential: Check = {
  wants: '{kind: bearer}, {kind: none} or {kind: header, name, prefix}, with the name in lower case',
  holds: (value) =>
    isObject(value) &&
    (value['kind'] === 'bearer' ||
      value['kind'] === 'none' ||
      (value['kind'] === 'header' &&
        typeof value['name'] === 'string' &&
        /^[a-z0-9-]+$/.test(value['name']) &&
        typeof value['prefix'] === 'string')),
};

const reasoning: Readonly<Record<keyof Required<NonNullable<CompatibleSpec['reasoning']>>, Check>> = {
  efforts: listOf(oneOf(Object.keys(efforts))),
  toggle: oneOf(['thinking', 'enable_thinking', 'chat_template_kwargs', 'reasoning']),
  budget: text,
  isHidden: flag,
  back: oneOf(['reasoning_content', 'reasoning']),
};

const prefix: Check = {
  wants: '{by: prefix | partial | continue_final_message}, and basePath, echoes or unlessReasoning',
  holds: (value) =>
    isObject(value) &&
    Object.entries(value).every(
      ([name, member]) => Object.hasOwn(prefixWords, name) && prefixWords[name]?.holds(member),
    ) &&
    'by' in value,
};

const prefixWords: Readonly<Record<string, Check>> = {
  by: oneOf(['prefix', 'partial', 'continue_final_message']),
  basePath: path,
  echoes: flag,
  unlessReasoning: flag,
};

const terms: Readonly<Record<Exclude<keyof Required<CompatibleTerms>, 'reasoning'>, Check>> = {
  title: text,
  defaultUrl: url,
  chatPath: path,
  settings: listOf(text),
  credential,
  refuses: listOf(oneOf(refusable)),
  takes: listOf(oneOf(takable)),
  names: tableOf(text),
  maxTokens: oneOf(['max_tokens', 'max_completion_tokens']),
  streamUsage: oneOf(['asked', 'unasked']),
  prefix,
  finishWords: tableOf(oneOf(Object.keys(finishReasons))),
  finishErrors: tableOf(oneOf(Object.keys(providerErrorTable))),
  errorKinds: tableOf(oneOf(Object.keys(providerErrorTable))),
  operations: listOf(oneOf(operationWords)),
  streamsImages: flag,
  operationPaths: {
    wants: `paths, each by one of ${operationWords.join(', ')}`,
    holds: (value) =>
      isObject(value) &&
      Object.entries(value).every(([word, end]) => operationWords.some((known) => known === word) && path.holds(end)),
  },
};

/** The first thing that is wrong, or the same value as what it has been found to be. */
export function readTerms(value: unknown): CompatibleTerms | TermsFault {
  if (!isObject(value)) return { at: '', wants: 'an object' };
  const { reasoning: said, ...rest } = value;
  const fault = faultIn(rest, terms, '') ?? (said === undefined ? null : faultOfReasoning(said));
  // Each of its members has been looked at, and there are no others.
  return fault ?? (value as CompatibleTerms);
}

function faultOfReasoning(said: unknown): TermsFault | null {
  return isObject(said) ? faultIn(said, reasoning, 'reasoning.') : { at: 'reasoning', wants: 'an object' };
}

function faultIn(
  value: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, Check>>,
  before: string,
): TermsFault | null {
  for (const [name, member] of Object.entries(value)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) return { at: `${before}${name}`, wants: `one of ${Object.keys(checks).join(', ')}` };
    if (!check.holds(member)) return { at: `${before}${name}`, wants: check.wants };
  }
  return null;
}
