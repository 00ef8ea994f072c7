/** Reads the body of `POST /v1/messages`. Source: https://docs.anthropic.com/en/api/messages. Pure. */
import type {
  AnswerFormat,
  ChatRequest,
  Reasoning,
  ReasoningEffort,
  Tool,
  ToolChoice,
} from '../../chat/chat-request.js';
import type { Message, Role } from '../../chat/part.js';
import type { Misread } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { cacheControl } from '../cache-control.js';
import type { FieldNames } from '../field-name.js';
import { bodyObject, choice, Reading, unread } from '../reading.js';
import { blocksOf, type Placed, readContent } from './blocks.js';

const known: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'metadata',
  'stop_sequences',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
]);

/** How unsupported fields are named. */
export const messagesFieldNames: FieldNames = {
  toolChoice: 'tool_choice',
  parallelToolCalls: 'tool_choice.disable_parallel_tool_use',
  answerFormat: 'output_config.format',
  maxTokens: 'max_tokens',
  topP: 'top_p',
  topK: 'top_k',
  stop: 'stop_sequences',
  reasoning: 'thinking',
  reasoningMembers: {
    effort: 'output_config.effort',
    budgetTokens: 'thinking.budget_tokens',
    isShown: 'thinking.display',
  },
  user: 'metadata.user_id',
  isStream: 'stream',
};

export function readMessagesBody(body: unknown): ChatRequest | Misread {
  return readBody(body, true);
}

/** `POST /v1/messages/count_tokens` asks for no answer, and so for no length of one. */
export function readCountBody(body: unknown): ChatRequest | Misread {
  return readBody(body, false);
}

function readBody(unknownBody: unknown, isAnswered: boolean): ChatRequest | Misread {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  const maxTokens = reading.whole(body, '', 'max_tokens', 1);
  if (maxTokens === null && isAnswered)
    reading.wrong('max_tokens', '`max_tokens` is missing: give the most tokens that the answer may have.');
  const metadata = reading.object(body, '', 'metadata') ?? {};
  const thinking = readThinking(reading, body, maxTokens);
  const request: ChatRequest = {
    model: reading.name(body, '', 'model'),
    messages: [...readSystem(reading, body), ...readMessages(reading, body)],
    tools: readTools(reading, body),
    ...readToolChoice(reading, body),
    answerFormat: readAnswerFormat(reading, body),
    maxTokens,
    temperature: reading.number(body, '', 'temperature', 0, 1),
    topP: reading.number(body, '', 'top_p', 0, 1),
    topK: reading.whole(body, '', 'top_k', 0),
    frequencyPenalty: null,
    presencePenalty: null,
    seed: null,
    stop: reading.texts(reading.list(body, '', 'stop_sequences') ?? [], 'stop_sequences'),
    choices: null,
    logprobs: null,
    logitBias: null,
    reasoning: thinking.reasoning,
    user: reading.text(metadata, 'metadata', 'user_id'),
    isStream: reading.flag(body, '', 'stream') ?? false,
    // Its streams always end with the figures.
    wantsStreamUsage: true,
    extra: { ...unread(body, known), ...extraOf('metadata', metadata, 'user_id'), ...thinking.extra },
    family: 'anthropic',
  };
  return reading.misread ?? request;
}

function extraOf(name: string, object: JsonObject, ...read: readonly string[]): JsonObject {
  const rest = unread(object, new Set(read));
  return Object.keys(rest).length === 0 ? {} : { [name]: rest };
}

function readSystem(reading: Reading, body: JsonObject): readonly Message[] {
  const system = body['system'];
  if (system === undefined || system === null) return [];
  const placed = readContent(reading, system, 'system', blocksOf.system);
  return placed.length === 0 ? [] : [message('system', placed, 'system')];
}

function readMessages(reading: Reading, body: JsonObject): readonly Message[] {
  const messages = reading.list(body, '', 'messages');
  if (messages === null || messages.length === 0) {
    reading.wrong(
      'messages',
      '`messages` is missing: give a list of at least one message, such as `{"role": "user", "content": "…"}`.',
    );
  }
  return reading.objects(messages ?? [], 'messages').flatMap(({ object, at }) => {
    const role = reading.oneOf(object, at, 'role', ['user', 'assistant', 'system']);
    if (role === null) reading.wrong(`${at}.role`, `\`${at}.role\` is missing: give \`user\` or \`assistant\`.`);
    if (role === null) return [];
    const placed = readContent(reading, object['content'], `${at}.content`, blocksOf[role]);
    return role === 'user' ? splitResults(placed, at) : [message(role, placed, at)];
  });
}

function message(role: Role, placed: readonly Placed[], at: string): Message {
  const paths = { message: at, parts: placed.map(({ path }) => path) };
  return { role, parts: placed.map(({ part }) => part), name: null, paths };
}

/** Results of tools stand among what the user says; here each kind is a message of its own, in the same order. */
function splitResults(placed: readonly Placed[], at: string): readonly Message[] {
  const runs: Placed[][] = [];
  for (const one of placed) {
    const last = runs.at(-1);
    if (last !== undefined && isResult(last[0]) === isResult(one)) last.push(one);
    else runs.push([one]);
  }
  if (runs.length === 0) return [message('user', [], at)];
  return runs.map((run) => message(isResult(run[0]) ? 'tool' : 'user', run, at));
}

function isResult(placed: Placed | undefined): boolean {
  return placed?.part.kind === 'toolResult';
}

/** What the vocabulary has a place for; a tool that says more is left in Anthropic's own words. */
const FUNCTION_FIELDS = new Set([
  ...['type', 'name', 'description', 'input_schema', 'strict', 'cache_control'],
  'eager_input_streaming',
]);

function readTools(reading: Reading, body: JsonObject): readonly Tool[] {
  return reading.objects(reading.list(body, '', 'tools') ?? [], 'tools').map(({ object: tool, at }): Tool => {
    const type = reading.text(tool, at, 'type') ?? 'custom';
    const saysMore = Object.keys(unread(tool, FUNCTION_FIELDS)).length > 0;
    if (type !== 'custom' || saysMore) return { kind: 'provider', type, raw: tool };
    const parameters = reading.object(tool, at, 'input_schema');
    if (parameters === null)
      reading.wrong(`${at}.input_schema`, `\`${at}.input_schema\` is missing: give the JSON Schema of the arguments.`);
    const isEager = reading.flag(tool, at, 'eager_input_streaming');
    return {
      kind: 'function',
      name: reading.name(tool, at, 'name'),
      description: reading.text(tool, at, 'description'),
      parameters,
      strict: reading.flag(tool, at, 'strict'),
      cache: cacheControl(reading, tool, at),
      ...(isEager === null ? {} : { isEager }),
    };
  });
}

const CHOICES = ['auto', 'any', 'tool', 'none'] as const;

function readToolChoice(
  reading: Reading,
  body: JsonObject,
): { readonly toolChoice: ToolChoice | null; readonly parallelToolCalls: boolean | null } {
  const chosen = reading.object(body, '', 'tool_choice');
  if (chosen === null) return { toolChoice: null, parallelToolCalls: null };
  const isSerial = reading.flag(chosen, 'tool_choice', 'disable_parallel_tool_use');
  const parallelToolCalls = isSerial === null ? null : !isSerial;
  const kind = reading.oneOf(chosen, 'tool_choice', 'type', CHOICES);
  if (kind === null) reading.wrong('tool_choice.type', `\`tool_choice.type\` is missing: give ${choice(CHOICES)}.`);
  if (kind === 'tool')
    return { toolChoice: { kind, name: reading.name(chosen, 'tool_choice', 'name') }, parallelToolCalls };
  return { toolChoice: kind === null ? null : { kind: kind === 'any' ? 'required' : kind }, parallelToolCalls };
}

/** `output_format` is where it stood before it was published. A schema has no name here; it gets one, for others want it. */
function readAnswerFormat(reading: Reading, body: JsonObject): AnswerFormat | null {
  const config = reading.object(body, '', 'output_config');
  const format = config === null ? null : reading.object(config, 'output_config', 'format');
  const told = format ?? reading.object(body, '', 'output_format');
  if (told === null) return null;
  const at = format === null ? 'output_format' : 'output_config.format';
  if (reading.oneOf(told, at, 'type', ['json_schema']) === null)
    reading.wrong(`${at}.type`, `\`${at}.type\` is missing: give \`json_schema\`.`);
  const schema = reading.object(told, at, 'schema');
  if (schema === null)
    reading.wrong(`${at}.schema`, `\`${at}.schema\` is missing: give the JSON Schema of the answer.`);
  return { kind: 'schema', name: 'answer', description: null, schema: schema ?? {}, strict: true };
}

const EFFORTS: readonly ReasoningEffort[] = ['low', 'medium', 'high', 'xhigh', 'max'];
const BUDGET_MIN = 1024;

/** How much is thought stands in `thinking`, how eagerly in `output_config.effort`. */
function readThinking(
  reading: Reading,
  body: JsonObject,
  maxTokens: number | null,
): { readonly reasoning: Reasoning | null; readonly extra: JsonObject } {
  const config = reading.object(body, '', 'output_config') ?? {};
  const effort = reading.oneOf(config, 'output_config', 'effort', EFFORTS);
  const more = extraOf('output_config', config, 'effort', 'format');
  const thinking = reading.object(body, '', 'thinking');
  if (thinking === null)
    return { reasoning: effort === null ? null : { effort, budgetTokens: null, isShown: null }, extra: more };
  const display = reading.oneOf(thinking, 'thinking', 'display', ['summarized', 'omitted']);
  const isShown = display === null ? null : display === 'summarized';
  switch (reading.name(thinking, 'thinking', 'type')) {
    case 'enabled': {
      const budgetTokens = reading.whole(thinking, 'thinking', 'budget_tokens', BUDGET_MIN);
      const path = 'thinking.budget_tokens';
      if (budgetTokens === null) reading.wrong(path, `\`${path}\` is missing: give ${BUDGET_MIN} tokens or more.`);
      if (maxTokens !== null && (budgetTokens ?? 0) >= maxTokens) {
        reading.wrong(
          path,
          `\`${path}\` is not below \`max_tokens\`, which holds the thinking as well: give less, or raise \`max_tokens\`.`,
        );
      }
      return { reasoning: { effort, budgetTokens, isShown }, extra: more };
    }
    case 'adaptive':
      return { reasoning: { effort, budgetTokens: null, isShown }, extra: more };
    case 'disabled':
      // How eager it is without thinking is a thing of Anthropic's own.
      return {
        reasoning: { effort: 'none', budgetTokens: null, isShown: null },
        extra: effort === null ? more : { output_config: { ...unread(config, new Set(['format'])) } },
      };
    default:
      return {
        reasoning: effort === null ? null : { effort, budgetTokens: null, isShown },
        extra: { ...more, thinking },
      };
  }
}
