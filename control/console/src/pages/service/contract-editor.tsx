/** The OpenAPI document of a draft: what is in it, a new one from a file, and its text. */
import { Button, FileInput, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { parse } from 'yaml';
import { faultOf } from '../../contract/document-file.js';
import { readDocument } from '../../contract/documented.js';
import { Source } from '../../ui/source.js';
import { several } from '../../ui/words.js';

/** A longer one is not shown as text: typing in it would be slow. */
const SHOWN_CHARS_MAX = 200_000;

export function ContractEditor({ contract, onChange }: { contract: string; onChange: (contract: string) => void }) {
  const [wrong, setWrong] = useState('');
  const [isOpen, setOpen] = useState(false);
  const load = async (file: File | null) => {
    if (file === null) return;
    const read = faultOf(file) ?? asJson(await file.text());
    if (typeof read === 'string') return setWrong(read);
    setWrong('');
    onChange(read.json);
  };
  return (
    <Stack gap="sm" align="flex-start">
      <Text size="sm">{describe(contract)}</Text>
      <Group align="flex-end">
        <FileInput
          label="Take it from a file"
          placeholder="Choose a file"
          accept=".json,.yaml,.yml"
          w={260}
          onChange={(file) => void load(file)}
          {...(wrong === '' ? {} : { error: wrong })}
        />
        {contract.length <= SHOWN_CHARS_MAX && (
          <Button variant="default" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? 'Hide the text' : 'Edit the text'}
          </Button>
        )}
      </Group>
      {isOpen && (
        <div className="wide">
          <Source label="OpenAPI document, as JSON" value={contract} onChange={onChange} />
        </div>
      )}
    </Stack>
  );
}

function describe(contract: string): string {
  if (contract.trim() === '')
    return 'There is none: no request is held to it, and the documentation is made of what the draft says.';
  const read = asJson(contract);
  if (typeof read === 'string') return read;
  const document = readDocument(JSON.parse(read.json));
  if (document === null) return 'It is no object.';
  return `${document.title} ${document.version}: ${several(document.operations.length, 'operation')}.`;
}

/** YAML holds JSON. */
function asJson(text: string): { readonly json: string } | string {
  try {
    const value: unknown = text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text, { maxAliasCount: 100 });
    return { json: JSON.stringify(value, null, 2) };
  } catch (error) {
    return `It can't be read: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
}
