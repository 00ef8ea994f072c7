/** Fields of a new prompt service: its model, its messages, the variables that stand in them, and the shape of its output. */
import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import { type PromptFields as Fields, variablesIn, variableTypes } from './models-draft.js';

interface FieldsProps {
  readonly fields: Fields;
  readonly set: (part: Partial<Fields>) => void;
}

export function PromptFields({ fields, set }: FieldsProps) {
  const { model, system, user } = fields;
  return (
    <>
      <TextInput
        label="Model"
        description="One that the gateway’s configuration names, or one of an AI service of the team: assistant/smart."
        required
        value={model}
        onChange={(event) => set({ model: event.currentTarget.value })}
      />
      <Textarea
        label="Instructions (optional)"
        description="What the application says. {{name}} is the place of a variable."
        autosize
        minRows={2}
        value={system}
        onChange={(event) => set({ system: event.currentTarget.value })}
      />
      <Textarea
        label="Message"
        description="What its user says."
        placeholder="Translate into {{language}}: {{text}}"
        required
        autosize
        minRows={2}
        value={user}
        onChange={(event) => set({ user: event.currentTarget.value })}
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

function AnswerFields({ fields: { temperature, maxTokens, output }, set }: FieldsProps) {
  return (
    <>
      <div className="pair">
        <TextInput
          label="Temperature (optional)"
          inputMode="decimal"
          placeholder="0"
          value={temperature}
          onChange={(event) => set({ temperature: event.currentTarget.value })}
        />
        <TextInput
          label="Most tokens of an answer (optional)"
          inputMode="numeric"
          placeholder="500"
          value={maxTokens}
          onChange={(event) => set({ maxTokens: event.currentTarget.value })}
        />
      </div>
      <Textarea
        label="Schema of the output (optional)"
        description="JSON Schema; the answer is then JSON that fits it. Empty: a text."
        placeholder='{ "type": "object", "properties": { … } }'
        autosize
        minRows={2}
        value={output}
        onChange={(event) => set({ output: event.currentTarget.value })}
      />
    </>
  );
}
