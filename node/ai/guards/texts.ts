/** The texts of questions and answers, each of which may be replaced; what is signed or hidden by a provider stays as it is. Pure. */
import type { ChatAnswer } from '../chat/chat-answer.js';
import type { AnswerFormat, ChatRequest, Tool } from '../chat/chat-request.js';
import type { DocumentPart, Part, ToolResultPart } from '../chat/part.js';
import { isObject, type Json, type JsonObject, parsedJson } from '../json.js';

export type MapText = (text: string) => string;

/**
 * All that is said to the model or its provider in words. Names of tools stay: what is put in their place would be no name; and so do tools
 * that the provider runs itself, in its own words.
 */
export function mapQuestion(chat: ChatRequest, map: MapText): ChatRequest {
  return {
    ...mapMessages(chat, map),
    tools: chat.tools.map((tool) => mapTool(tool, map)),
    answerFormat: mapFormat(chat.answerFormat, map),
    user: chat.user === null ? null : map(chat.user),
    stop: chat.stop.map(map),
    extra: mapStrings(chat.extra, map),
  };
}

/** What was said, without what it may be answered by. */
export function mapMessages(chat: ChatRequest, map: MapText): ChatRequest {
  return {
    ...chat,
    messages: chat.messages.map((message) => ({
      ...message,
      name: mapName(message.name, map),
      parts: message.parts.map((part) => mapPart(part, map)),
    })),
  };
}

export function mapAnswer(answer: ChatAnswer, map: MapText): ChatAnswer {
  return {
    ...answer,
    choices: answer.choices.map((choice) => ({ ...choice, parts: choice.parts.map((part) => mapPart(part, map)) })),
  };
}

/** In the order in which they are mapped. */
export function textsOf(walk: (map: MapText) => unknown): string[] {
  const texts: string[] = [];
  walk((text) => {
    texts.push(text);
    return text;
  });
  return texts;
}

function mapTool(tool: Tool, map: MapText): Tool {
  if (tool.kind !== 'function') return tool;
  const { description, parameters } = tool;
  return {
    ...tool,
    description: description === null ? null : map(description),
    parameters: parameters === null ? null : mapSchema(parameters, map),
  };
}

function mapFormat(format: AnswerFormat | null, map: MapText): AnswerFormat | null {
  if (format?.kind !== 'schema') return format;
  const { description, schema } = format;
  return { ...format, description: description === null ? null : map(description), schema: mapSchema(schema, map) };
}

/** Keywords whose values are words of JSON Schema, or names of members. */
const schemaWords: ReadonlySet<string> = new Set([
  ...['$ref', '$id', '$schema', '$anchor', '$dynamicRef', '$dynamicAnchor', 'type', 'format', 'pattern', 'required'],
  ...['contentEncoding', 'contentMediaType', 'dependentRequired'],
]);
/** Keywords whose members are schemas, by names. */
const schemaMaps: ReadonlySet<string> = new Set([
  ...['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'],
]);
/** Keywords whose values are data. */
const dataWords: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples', 'example']);

/** Descriptions, and what values it names; numbers are its bounds. */
function mapSchema(schema: JsonObject, map: MapText): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => {
      if (value === undefined || schemaWords.has(name)) return [name, value];
      if (dataWords.has(name)) return [name, stringsIn(value, map)];
      return [name, schemaMaps.has(name) && isObject(value) ? mapMembers(value, map) : inSchema(value, map)];
    }),
  );
}

function mapMembers(schemas: JsonObject, map: MapText): JsonObject {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, value]) => [name, value === undefined ? value : inSchema(value, map)]),
  );
}

function inSchema(value: Json, map: MapText): Json {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((one: Json) => inSchema(one, map));
  return isObject(value) ? mapSchema(value, map) : value;
}

function mapStrings(object: JsonObject, map: MapText): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, value === undefined ? value : stringsIn(value, map)]),
  );
}

function stringsIn(value: Json, map: MapText): Json {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((one: Json) => stringsIn(one, map));
  return isObject(value) ? mapStrings(value, map) : value;
}

function mapPart(part: Part, map: MapText): Part {
  switch (part.kind) {
    case 'text':
      return { ...part, text: map(part.text), citations: part.citations.map((citation) => mapObject(citation, map)) };
    case 'refusal':
      return { ...part, text: map(part.text) };
    case 'reasoning':
      // Its signature is over this very text.
      return part.signature === null && part.redacted === null ? { ...part, text: map(part.text) } : part;
    case 'toolCall':
      return { ...part, arguments: mapJsonText(part.arguments, map) };
    case 'toolResult':
      return { ...part, content: part.content.map((inner) => mapResult(inner, map)) };
    case 'document':
      return mapDocument(part, map);
    case 'native':
      return { ...part, raw: mapObject(part.raw, map) };
    default:
      return part;
  }
}

function mapResult(part: ToolResultPart['content'][number], map: MapText): ToolResultPart['content'][number] {
  if (part.kind === 'text') return { ...part, text: map(part.text) };
  return part.kind === 'document' ? mapDocument(part, map) : part;
}

function mapDocument(part: DocumentPart, map: MapText): DocumentPart {
  const named = { ...part, name: mapName(part.name, map) };
  return part.source.kind === 'text' ? { ...named, source: { ...part.source, text: map(part.source.text) } } : named;
}

const mapName = (name: string | null, map: MapText): string | null => (name === null ? null : map(name));

/** JSON stays JSON: only strings in it are looked at, and numbers that are more than numbers. What is no JSON is a text. */
export function mapJsonText(text: string, map: MapText): string {
  const value = parsedJson(text);
  if (value === undefined) return map(text);
  const mapped = mapJson(value, map);
  // As it was written, where nothing was found.
  return JSON.stringify(mapped) === JSON.stringify(value) ? text : JSON.stringify(mapped);
}

function mapJson(value: Json, map: MapText): Json {
  if (typeof value === 'string') return map(value);
  if (typeof value === 'number') {
    const written = String(value);
    const mapped = map(written);
    return mapped === written ? value : mapped;
  }
  if (Array.isArray(value)) return value.map((one: Json) => mapJson(one, map));
  return isObject(value) ? mapObject(value, map) : value;
}

export function mapObject(object: JsonObject, map: MapText): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, value === undefined ? value : mapJson(value, map)]),
  );
}
