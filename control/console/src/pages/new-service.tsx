/** A new service: from an OpenAPI document, by hand, over models, or over a prompt; as a draft, or published at once with a key. */
import { Button, FileInput, Group, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import type { Design, Service } from '../../../model/entities.js';
import { get, type Send } from '../api/client.js';
import { useSend, withQuery } from '../api/queries.js';
import { mayOperate } from '../api/session.js';
import type { PageProps } from '../pages.js';
import { ChoiceField } from '../ui/choice.js';
import { useNews } from '../ui/news.js';
import { Page, Panel } from '../ui/page.js';
import { ProblemAlert } from '../ui/problem-alert.js';
import { firstDesign, idOf, type NewKind, withServer } from './new-service-orders.js';
import { type QuickMade, QuickMadePanel } from './service/quick-made.js';
import { useTeamChoice } from './teams-of.js';

const BYTES_MAX = 5 * 1024 * 1024;

const kinds: readonly { value: NewKind; label: string; text: string }[] = [
  {
    value: 'openapi',
    label: 'OpenAPI file',
    text: 'Routes, validation and documentation come from the document (3.x, JSON or YAML, up to 5 MiB).',
  },
  { value: 'rest', label: 'By hand', text: 'One route to one server, to begin with; everything else in the draft.' },
  {
    value: 'ai',
    label: 'AI',
    text: 'A route over models that the gateway’s configuration names: the API of OpenAI and of Anthropic, with your keys and limits.',
  },
  { value: 'prompt', label: 'Prompt', text: 'A prompt of the gateway’s configuration as a service of its own.' },
];

export default function NewService({ session }: PageProps) {
  const [kind, setKind] = useState<NewKind>('openapi');
  const [made, setMade] = useState<QuickMade | null>(null);
  if (made !== null)
    return (
      <Page
        title={`${made.service.id} is published`}
        about="Its plans, its design and who finds it can be changed at any time."
      >
        <QuickMadePanel made={made} />
      </Page>
    );
  return (
    <Page title="New service" about={kinds.find(({ value }) => value === kind)?.text}>
      <Panel label="New service">
        <SegmentedControl
          aria-label="What to make it of"
          value={kind}
          onChange={(value) => setKind(kinds.find((known) => known.value === value)?.value ?? 'openapi')}
          data={kinds.map(({ value, label }) => ({ value, label }))}
          mb="md"
          fullWidth
        />
        <NewServiceForm kind={kind} session={session} onMade={setMade} />
      </Panel>
    </Page>
  );
}

interface Fields {
  readonly name: string;
  /** Null: as the name has it. */
  readonly id: string | null;
  readonly path: string | null;
  readonly target: string;
  readonly file: File | null;
}

const nothing: Fields = { name: '', id: null, path: null, target: '', file: null };

interface FormProps {
  readonly kind: NewKind;
  readonly session: PageProps['session'];
  /** It was published at once. */
  readonly onMade: (made: QuickMade) => void;
}

function NewServiceForm({ kind, session, onMade }: FormProps) {
  const team = useTeamChoice(session, 'developer');
  const [fields, setFields] = useState(nothing);
  const set = (part: Partial<Fields>) => setFields((before) => ({ ...before, ...part }));
  const { name, target, file } = fields;
  const id = fields.id ?? idOf(name);
  const shown = { id, path: fields.path ?? (id === '' ? '' : `/${id}`) };
  const create = useCreate(onMade);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = { kind, file, name, target, id, basePath: shown.path, teamId: team.value };
    void (isToPublish(event) ? create.publish(wanted) : create.draft(wanted));
  };
  const isLarge = file !== null && file.size > BYTES_MAX;
  const isFirst = team.options.length === 0 && (team.q ?? '') === '' && mayOperate(session);
  const noTeam = 'You are a developer in no team yet: an operator makes teams, and adds you.';
  return (
    <form onSubmit={submit}>
      <Stack maw={560}>
        {isFirst ? (
          <Text size="sm">It belongs to the team Default, which is made with it.</Text>
        ) : (
          <ChoiceField of={team} label="Team that it belongs to" among="teams" none={noTeam} />
        )}
        <TextInput label="Name" required value={name} onChange={(event) => set({ name: event.currentTarget.value })} />
        <TextInput
          label="Id"
          description="In addresses and in the log; it can't be changed later."
          required
          value={id}
          onChange={(event) => set({ id: event.currentTarget.value })}
        />
        <TextInput
          label="Base path"
          description="All its routes lie below."
          required
          value={shown.path}
          onChange={(event) => set({ path: event.currentTarget.value })}
        />
        <SourceFields kind={kind} fields={fields} set={set} isLarge={isLarge} />
        {create.error !== null && <ProblemAlert error={create.error} />}
        <Submits
          kind={kind}
          isBusy={create.isBusy}
          mayDraft={!isLarge && team.value !== ''}
          mayPublish={!isLarge && (team.value !== '' || isFirst)}
        />
        <Text size="sm" c="dimmed">
          Nobody sees a draft, and nothing of it is served, before you publish it.
        </Text>
      </Stack>
    </form>
  );
}

const PUBLISH = 'publish';

interface SubmitsProps {
  readonly kind: NewKind;
  readonly isBusy: boolean;
  readonly mayDraft: boolean;
  readonly mayPublish: boolean;
}

function Submits({ kind, isBusy, mayDraft, mayPublish }: SubmitsProps) {
  const isQuick = kind === 'openapi' || kind === 'rest';
  return (
    <Group gap="sm">
      <Button type="submit" {...(isQuick ? { variant: 'default' } : {})} loading={isBusy} disabled={!mayDraft}>
        Make the draft
      </Button>
      {isQuick && (
        <Button type="submit" value={PUBLISH} loading={isBusy} disabled={!mayPublish}>
          Publish it, with a key
        </Button>
      )}
    </Group>
  );
}

/** By which of the two buttons it was sent; Enter is the first of them, which serves nothing yet. */
function isToPublish({ nativeEvent }: FormEvent): boolean {
  const { submitter } = nativeEvent as SubmitEvent; // React's types name no kinds of events.
  return submitter?.getAttribute('value') === PUBLISH;
}

interface SourceFieldsProps {
  readonly kind: NewKind;
  readonly fields: Fields;
  readonly set: (part: Partial<Fields>) => void;
  readonly isLarge: boolean;
}

/** What it is made of. */
function SourceFields({ kind, fields: { file, target }, set, isLarge }: SourceFieldsProps) {
  if (kind === 'ai' || kind === 'prompt') {
    return (
      <Textarea
        label={kind === 'ai' ? 'Models' : 'Prompts'}
        description="As weir.yaml names them, one a line."
        required
        autosize
        value={target}
        onChange={(event) => set({ target: event.currentTarget.value })}
      />
    );
  }
  const isFile = kind === 'openapi';
  return (
    <>
      {isFile && (
        <FileInput
          label="OpenAPI document"
          placeholder="Choose a file"
          required
          accept=".json,.yaml,.yml,application/json,application/yaml"
          value={file}
          onChange={(chosen) => set({ file: chosen })}
          {...(isLarge ? { error: 'It is larger than 5 MiB.' } : {})}
        />
      )}
      <TextInput
        label={isFile ? 'Server behind it (optional)' : 'Server behind it'}
        description={isFile ? 'In place of the one that the document names.' : 'More of them in the draft.'}
        placeholder="http://127.0.0.1:9000"
        required={!isFile}
        value={target}
        onChange={(event) => set({ target: event.currentTarget.value })}
      />
    </>
  );
}

interface Wanted {
  readonly kind: NewKind;
  readonly file: File | null;
  readonly name: string;
  readonly target: string;
  readonly id: string;
  readonly basePath: string;
  readonly teamId: string;
}

/** Several requests, one after the other; the first that fails is told, and what was made before it is there. */
function useCreate(onMade: (made: QuickMade) => void) {
  const { mutateAsync } = useSend<Service>();
  const quick = useSend<QuickMade>();
  const tell = useNews();
  const [, go] = useLocation();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const told = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const draft = (wanted: Wanted) =>
    told(async () => {
      await (wanted.kind === 'openapi' ? imported(wanted, mutateAsync) : made(wanted, mutateAsync));
      tell(`The draft of ${wanted.name} is there.`);
      go(`/services/${wanted.id}/draft`);
    });
  const publish = ({ file, name, target, id, basePath, teamId }: Wanted) =>
    told(async () => {
      const document = (await file?.text()) ?? '';
      const body = { id, name, basePath, teamId, server: target.trim(), ...(document === '' ? {} : { document }) };
      onMade(await quick.mutateAsync({ method: 'POST', path: '/v1/services/quick', body }));
    });
  return { draft, publish, error, isBusy };
}

type Do = (order: Send) => Promise<unknown>;

async function imported({ file, name, target, id, basePath, teamId }: Wanted, send: Do): Promise<void> {
  const content = (await file?.text()) ?? '';
  const type = content.trimStart().startsWith('{') ? 'application/json' : 'application/yaml';
  await send({
    method: 'POST',
    path: withQuery('/v1/services/import', { teamId, id, basePath, name }),
    text: { type, content },
  });
  if (target.trim() === '') return;
  const design = await get<Design>(`/v1/services/${id}/draft`);
  await send({ method: 'PUT', path: `/v1/services/${id}/draft`, body: withServer(design, target) });
}

async function made({ kind, name, target, id, basePath, teamId }: Wanted, send: Do): Promise<void> {
  const body = { id, teamId, name, basePath, kind };
  await send({ method: 'POST', path: '/v1/services', body });
  await send({ method: 'PUT', path: `/v1/services/${id}/draft`, body: firstDesign(kind, target) });
}
