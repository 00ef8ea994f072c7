/** What a new service is made of, by its kind: a document, a server, models or a prompt. */
import { FileInput, TextInput } from '@mantine/core';
import { textsOf } from '../../ui/texts-of.js';
import type { NewKind } from '../new-service-orders.js';
import { AiFields, SpendFields } from './models-fields.js';
import { PromptFields } from './prompt-fields.js';
import type { Entered } from './use-create.js';

type Fields = Pick<Entered, 'file' | 'target' | 'ai' | 'prompt' | 'key' | 'tokens' | 'dollars'>;

interface SourceFieldsProps {
  readonly kind: NewKind;
  readonly fields: Fields;
  readonly set: (part: Partial<Fields>) => void;
  /** Of the file; null: none. */
  readonly fault: string | null;
  readonly isOwner: boolean;
}

export function SourceFields({ kind, ...props }: SourceFieldsProps) {
  return kind === 'ai' || kind === 'prompt' ? (
    <ModelFields kind={kind} {...props} />
  ) : (
    <ServerFields kind={kind} {...props} />
  );
}

function ModelFields({ kind, fields, set, isOwner }: SourceFieldsProps) {
  const { ai, prompt, key, tokens, dollars } = fields;
  return (
    <>
      {kind === 'ai' ? (
        <AiFields
          fields={ai}
          set={(part) => set({ ai: { ...ai, ...part } })}
          keyValue={isOwner ? key : null}
          setKey={(value) => set({ key: value })}
        />
      ) : (
        <PromptFields fields={prompt} set={(part) => set({ prompt: { ...prompt, ...part } })} />
      )}
      <SpendFields tokens={tokens} dollars={dollars} set={set} />
    </>
  );
}

function ServerFields({ kind, fields, set, fault }: SourceFieldsProps) {
  const isFile = kind === 'openapi';
  return (
    <>
      {isFile && (
        <FileInput
          label="OpenAPI document"
          placeholder="Choose a file"
          required
          accept=".json,.yaml,.yml,application/json,application/yaml"
          value={fields.file}
          onChange={(file) => set({ file })}
          {...(fault === null ? {} : { error: fault })}
        />
      )}
      <TextInput
        label={isFile ? 'Server behind it (optional)' : 'Server behind it'}
        description={isFile ? 'In place of the one that the document names.' : 'More of them in the draft.'}
        placeholder="http://127.0.0.1:9000"
        required={!isFile}
        {...textsOf(fields, set)('target')}
      />
    </>
  );
}
