/** What a prompt takes, as JSON Schema: for OpenAPI documents and for tools. Pure. */
import type { AiVariableSpec } from '../snapshot/ai.js';
import type { JsonSchemaSpec } from '../snapshot/mcp.js';

export function inputsSchema(variables: readonly AiVariableSpec[]): JsonSchemaSpec {
  const required = variables.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(variables.map((variable) => [variable.name, variableSchema(variable)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function variableSchema(variable: AiVariableSpec): JsonSchemaSpec {
  const { description } = variable;
  const initial = variable.default;
  return {
    ...typeSchema(variable),
    ...(description === '' ? {} : { description }),
    ...(initial === null ? {} : { default: initial }),
  };
}

function typeSchema({ type, values, minimum, maximum, lengthMax, itemsMax }: AiVariableSpec): JsonSchemaSpec {
  switch (type) {
    case 'string':
      return { type, maxLength: lengthMax };
    case 'enum':
      return { type: 'string', enum: values };
    case 'boolean':
      return { type };
    case 'list':
      return { type: 'array', items: { type: 'string', maxLength: lengthMax }, maxItems: itemsMax };
    default:
      return { type, ...(minimum === null ? {} : { minimum }), ...(maximum === null ? {} : { maximum }) };
  }
}
