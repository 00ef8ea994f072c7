/**
 * `POST …/prompts/{name}`: reads what the caller gives, and makes of it the request that a model is asked with. A value takes the place
 * of its variable in the text of a message and can be nothing else: messages and their roles are the template's. Pure.
 */
import { readVariable, writtenVariable } from '@weir/proto/ai/variables.js';
import type { AiPromptMessageSpec, AiPromptVersionSpec, AiVariableValue } from '@weir/proto/snapshot/ai.js';
import type { AnswerFormat, ChatRequest } from '../chat/chat-request.js';
import { type Message, textPart } from '../chat/part.js';
import { schemaMessage } from '../chat/told-schema.js';
import type { Misread } from '../format.js';
import { bodyObject, choice, kindOf, Reading } from '../formats/reading.js';
import type { JsonObject } from '../json.js';

const FIELDS = ['inputs', 'stream', 'user'];

/** `isStream`: asked for by the head. */
export function readPromptRequest(
  body: unknown,
  version: AiPromptVersionSpec,
  isStream: boolean,
): ChatRequest | Misread {
  const reading = new Reading();
  const object = bodyObject(reading, body);
  const other = Object.keys(object).find((name) => !FIELDS.includes(name));
  if (other !== undefined) reading.wrong(other, unknownField(other, version));
  const inputs = reading.object(object, '', 'inputs') ?? {};
  const values = readInputs(inputs, version, reading);
  const wantsStream = reading.flag(object, '', 'stream') ?? isStream;
  const user = reading.text(object, '', 'user');
  return reading.misread ?? { ...asked(version, values), isStream: wantsStream, wantsStreamUsage: wantsStream, user };
}

function unknownField(name: string, { variables }: AiPromptVersionSpec): string {
  const isVariable = variables.some((variable) => variable.name === name);
  const cure = isVariable ? `write it as \`inputs.${name}\`` : `the body has ${choice(FIELDS)}`;
  return `\`${name.slice(0, 64)}\` is not known here: ${cure}.`;
}

type Values = ReadonlyMap<string, { readonly value: AiVariableValue; readonly text: string }>;

function readInputs(inputs: JsonObject, { variables }: AiPromptVersionSpec, reading: Reading): Values {
  const values = new Map<string, { value: AiVariableValue; text: string }>();
  const names = variables.map(({ name }) => name);
  const other = Object.keys(inputs).find((name) => !names.includes(name));
  if (other !== undefined) {
    const known = names.length === 0 ? 'it has none' : `there is ${choice(names)}`;
    reading.wrong(`inputs.${other}`, `The prompt has no variable \`${other.slice(0, 64)}\`: ${known}.`);
  }
  for (const spec of variables) {
    const at = `inputs.${spec.name}`;
    // Of a name such as `toString` only what the caller gave is given.
    const given = Object.hasOwn(inputs, spec.name) ? inputs[spec.name] : null;
    if (given === undefined || given === null) {
      if (spec.default !== null)
        values.set(spec.name, { value: spec.default, text: writtenVariable(spec, spec.default) });
      else if (spec.isRequired)
        reading.wrong(at, `\`${at}\` is missing: ${spec.description || 'the prompt needs it'}.`);
      continue;
    }
    const read = readVariable(spec, given);
    if (read.ok) values.set(spec.name, { value: read.value, text: writtenVariable(spec, read.value) });
    else reading.wrong(at + read.at, `\`${at + read.at}\` is ${kindOf(given)}: give it as ${read.wants}.`);
  }
  return values;
}

function asked(
  version: AiPromptVersionSpec,
  values: Values,
): Omit<ChatRequest, 'isStream' | 'wantsStreamUsage' | 'user'> {
  const { model, parameters, output } = version;
  const { effort, maxTokens, temperature, topP, frequencyPenalty, presencePenalty, seed, stop } = parameters;
  const messages = version.messages.map((message) => rendered(message, values));
  // It came as JSON or YAML and was packed as such: nothing else is in it.
  const told = output?.by === 'message' ? [schemaMessage(output.schema as JsonObject)] : [];
  return {
    ...{ model, messages: [...told, ...messages], maxTokens, temperature, topP, frequencyPenalty, presencePenalty },
    ...{ seed, stop, topK: null, tools: [], toolChoice: null, parallelToolCalls: null, choices: null, logprobs: null },
    answerFormat: answerFormat(version),
    logitBias: null,
    reasoning: effort === null ? null : { effort, budgetTokens: null, isShown: null },
    extra: {},
    family: 'openai-chat',
  };
}

function answerFormat({ output }: AiPromptVersionSpec): AnswerFormat | null {
  if (output === null || output.by !== 'schema') return null;
  const { name, isStrict } = output;
  // Likewise.
  const schema = output.schema as JsonObject;
  const said = name.replace(/[^A-Za-z0-9_-]/g, '_');
  return { kind: 'schema', name: said, description: null, schema, strict: isStrict, isChecked: true };
}

function rendered({ role, pieces }: AiPromptMessageSpec, values: Values): Message {
  const text = pieces
    .filter(({ when }) => when === null || isGiven(values.get(when)?.value))
    .map((piece) => (piece.variable === null ? piece.text : (values.get(piece.variable)?.text ?? '')))
    .join('');
  return { role, parts: [textPart(text)], name: null };
}

function isGiven(value: AiVariableValue | undefined): boolean {
  if (typeof value === 'number') return true;
  return typeof value === 'object' ? value.length > 0 : Boolean(value);
}
