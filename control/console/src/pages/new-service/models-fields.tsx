/** Fields of a new AI service: whose models are asked, by which secret of the team, under which names, and what an application may spend. */
import { NativeSelect, PasswordInput, TextInput } from '@mantine/core';
import { providerFacts } from '@weir/proto/ai/providers.js';
import { Lines } from '../../ui/lines.js';
import { textsOf } from '../../ui/texts-of.js';
import { type AiFields as Fields, secretOf, settingsOf } from './models-draft.js';

const kinds = [
  { value: '', label: 'Models of the gateway’s configuration' },
  ...providerFacts.map(({ kind, title }) => ({ value: kind, label: title })),
];

interface FieldsProps {
  readonly fields: Fields;
  readonly set: (part: Partial<Fields>) => void;
  /** Of the key itself; null: it is for an owner to set. */
  readonly keyValue: string | null;
  readonly setKey: (value: string) => void;
}

export function AiFields({ fields, set, keyValue, setKey }: FieldsProps) {
  const { kind, url, settings, secret } = fields;
  const text = textsOf(fields, set);
  const isOwn = kind !== '';
  return (
    <>
      <NativeSelect
        label="Provider"
        value={kind}
        onChange={(event) => set({ kind: event.currentTarget.value, secret: secretOf(event.currentTarget.value) })}
        data={kinds}
      />
      {isOwn && (
        <TextInput
          label={kind === 'compatible' ? 'URL of its API' : 'URL of its API (optional)'}
          description="Where it does not lie where it usually does."
          placeholder="https://llm.example.com/v1"
          required={kind === 'compatible'}
          {...text('url')}
        />
      )}
      {settingsOf(kind, url).map(({ name, about }) => (
        <TextInput
          key={name}
          label={name}
          description={about}
          required
          value={settings[name] ?? ''}
          onChange={(event) => set({ settings: { ...settings, [name]: event.currentTarget.value } })}
        />
      ))}
      {isOwn && (
        <TextInput
          label="Secret that holds its key"
          description="A secret of the team, by its name. Empty: it is asked without a key."
          {...text('secret')}
        />
      )}
      {isOwn && secret !== '' && keyValue !== null && (
        <PasswordInput
          label="The key itself (optional)"
          description="Kept as that secret, sealed. Leave it empty where the team has it already."
          autoComplete="off"
          value={keyValue}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
      )}
      <Lines
        label={isOwn ? 'Models' : 'Models, as the configuration names them'}
        description={
          isOwn
            ? 'One a line, such as: smart = gpt-5, gpt-5-mini. What follows a comma is asked when the first fails. None: callers may name any.'
            : 'One a line. None: all of them.'
        }
        {...text('models')}
      />
    </>
  );
}

interface SpendProps {
  readonly tokens: string;
  readonly dollars: string;
  readonly set: (part: { readonly tokens?: string; readonly dollars?: string }) => void;
}

export function SpendFields({ tokens, dollars, set }: SpendProps) {
  const text = textsOf({ tokens, dollars }, set);
  return (
    <div className="pair">
      <TextInput
        label="Tokens a day (optional)"
        description="For each application."
        inputMode="numeric"
        placeholder="100000"
        {...text('tokens')}
      />
      <TextInput
        label="Dollars a day (optional)"
        description="For each application."
        inputMode="decimal"
        placeholder="5"
        {...text('dollars')}
      />
    </div>
  );
}
