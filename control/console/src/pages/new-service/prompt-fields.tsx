/** Fields of a new prompt service: its model, its messages, the variables that stand in them, and the shape of its output. */
import { NativeSelect, TextInput } from '@mantine/core';
import { Lines } from '../../ui/lines.js';
import { textsOf } from '../../ui/texts-of.js';
import { type PromptFields as Fields, variablesIn, variableTypes } from './models-draft.js';

interface FieldsProps {
  readonly fields: Fields;
  readonly set: (part: Partial<Fields>) => void;
}

export function PromptFields({ fields, set }: FieldsProps) {
  const text = textsOf(fields, set);
  return (
    <>
      <TextInput
        label="Model"
        description="One that the gateway’s configuration names, or one of an AI service of the team: assistant/smart."
        required
        {...text('model')}
      />
      <Lines
        label="Instructions (optional)"
        description="What the application says. {{name}} is the place of a variable."
        {...text('system')}
      />
      <Lines
        label="Message"
        description="What its user says."
        placeholder="Translate into {{language}}: {{text}}"
        required
        {...text('user')}
      />
      <VariableTypes fields={fields} set={set} />
      <AnswerFields fields={fields} set={set} />
    </>
  );
}

function VariableTypes({ fields, set }: FieldsProps) {
  const { types } = fields;
  const variables = variablesIn(fields);
  if (variables.length === 0) return null;
  return (
    <div className="pair">
      {variables.map((name) => (
        <NativeSelect
          key={name}
          label={`Type of ${name}`}
          value={types[name] ?? 'string'}
          onChange={(event) => {
            const chosen = variableTypes.find((type) => type === event.currentTarget.value) ?? 'string';
            set({ types: { ...types, [name]: chosen } });
          }}
          data={[...variableTypes]}
        />
      ))}
    </div>
  );
}

function AnswerFields({ fields, set }: FieldsProps) {
  const text = textsOf(fields, set);
  return (
    <>
      <div className="pair">
        <TextInput label="Temperature (optional)" inputMode="decimal" placeholder="0" {...text('temperature')} />
        <TextInput
          label="Most tokens of an answer (optional)"
          inputMode="numeric"
          placeholder="500"
          {...text('maxTokens')}
        />
      </div>
      <Lines
        label="Schema of the output (optional)"
        description="JSON Schema; the answer is then JSON that fits it. Empty: a text."
        placeholder='{ "type": "object", "properties": { … } }'
        {...text('output')}
      />
    </>
  );
}
