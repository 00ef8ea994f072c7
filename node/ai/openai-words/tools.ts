/** Tools, their choice and the form of an answer, as OpenAI's chat completions ask for them. Pure. */
import type { AnswerFormat, FunctionTool, ToolChoice } from '../chat/chat-request.js';
import type { ToolCallPart } from '../chat/part.js';
import type { JsonObject } from '../json.js';

export function writeFunctionTool(tool: FunctionTool): JsonObject {
  const { name, description, parameters, strict } = tool;
  return {
    type: 'function',
    function: {
      name,
      ...(description === null ? {} : { description }),
      ...(parameters === null ? {} : { parameters }),
      ...(strict === null ? {} : { strict }),
    },
  };
}

export function writeToolChoice(choice: ToolChoice): string | JsonObject {
  return choice.kind === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.kind;
}

export function writeToolCall({ id, name, arguments: text }: ToolCallPart): JsonObject {
  return { id, type: 'function', function: { name, arguments: text } };
}

export function writeAnswerFormat(format: AnswerFormat): JsonObject {
  if (format.kind === 'text') return { type: 'text' };
  if (format.kind === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return {
    type: 'json_schema',
    json_schema: {
      name,
      ...(description === null ? {} : { description }),
      schema,
      ...(strict === null ? {} : { strict }),
    },
  };
}
