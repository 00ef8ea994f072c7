/** A new service: from an OpenAPI document, by hand, over models, or over a prompt; as a draft, or published at once with a key. */
import { Button, Group, SegmentedControl, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { send as ask } from '../api/client.js';
import type { CheckedDraft } from '../api/managed.js';
import { mayOperate } from '../api/session.js';
import { faultOf } from '../contract/document-file.js';
import type { PageProps } from '../pages.js';
import { ChoiceField } from '../ui/choice.js';
import { useSettled } from '../ui/clock.js';
import { Page, Panel } from '../ui/page.js';
import { ProblemAlert } from '../ui/problem-alert.js';
import { textsOf } from '../ui/texts-of.js';
import { idOf } from './id-of.js';
import { noAi, noPrompt, secretsIn } from './new-service/models-draft.js';
import { SourceFields } from './new-service/source-fields.js';
import { type Entered, orderOf, useCreate } from './new-service/use-create.js';
import type { NewKind } from './new-service-orders.js';
import { Made } from './service/made.js';
import { type QuickMade, QuickMadePanel } from './service/quick-made.js';
import { isAtLeast, roleIn, useTeamChoice } from './teams-of.js';

const TYPED_MS = 400;

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
    text: 'Models of a provider by your team’s own key, or those that the gateway’s configuration names: the API of OpenAI and of Anthropic, with keys and budgets for applications.',
  },
  {
    value: 'prompt',
    label: 'Prompt',
    text: 'A prompt with variables as an API of its own: callers send values, and get text or JSON.',
  },
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

/** Null: as the name has it. */
type Fields = Omit<Entered, 'kind' | 'id' | 'basePath' | 'teamId'> & {
  readonly id: string | null;
  readonly path: string | null;
};

const nothing: Fields = {
  ...{ name: '', id: null, path: null, target: '', file: null },
  ...{ ai: noAi, prompt: noPrompt, key: '', tokens: '', dollars: '' },
};

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
  const { name, file } = fields;
  const id = fields.id ?? idOf(name);
  const basePath = fields.path ?? (id === '' ? '' : `/${id}`);
  const entered: Entered = { ...fields, kind, id, basePath, teamId: team.value };
  const create = useCreate(onMade);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void (isToPublish(event) ? create.publish(entered) : create.draft(entered));
  };
  const fault = file === null ? null : faultOf(file);
  const isFirst = team.options.length === 0 && (team.q ?? '') === '' && mayOperate(session);
  const isOwner = isAtLeast(roleIn(session, team.value), 'owner');
  return (
    <SimpleGrid cols={{ base: 1, lg: kind === 'openapi' ? 1 : 2 }}>
      <form onSubmit={submit}>
        <Stack maw={560}>
          {isFirst ? (
            <Text size="sm">It belongs to the team Default, which is made with it.</Text>
          ) : (
            <ChoiceField of={team} label="Team that it belongs to" among="teams" none={NO_TEAM} />
          )}
          <PlaceFields name={name} id={id} basePath={basePath} set={set} />
          <SourceFields kind={kind} fields={fields} set={set} fault={fault} isOwner={isOwner} />
          {create.error !== null && <ProblemAlert error={create.error} />}
          <Submits
            kind={kind}
            isBusy={create.isBusy}
            mayDraft={fault === null && team.value !== ''}
            mayPublish={fault === null && (team.value !== '' || isFirst)}
          />
          <Text size="sm" c="dimmed">
            Nobody sees a draft, and nothing of it is served, before you publish it.
          </Text>
        </Stack>
      </form>
      {kind !== 'openapi' && <Preview entered={entered} />}
    </SimpleGrid>
  );
}

const NO_TEAM = 'You are a developer in no team yet: an operator makes teams, and adds you.';

interface PlaceProps {
  readonly name: string;
  readonly id: string;
  readonly basePath: string;
  readonly set: (part: Partial<Fields>) => void;
}

function PlaceFields({ name, id, basePath, set }: PlaceProps) {
  const text = textsOf({ name, id, path: basePath }, set);
  return (
    <>
      <TextInput label="Name" required {...text('name')} />
      <TextInput
        label="Id"
        description="In addresses and in the log; it can't be changed later."
        required
        {...text('id')}
      />
      <TextInput label="Base path" description="All its routes lie below." required {...text('path')} />
    </>
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

/** What it would come to, as control says while one types. */
function Preview({ entered }: { entered: Entered }) {
  const { service, draft } = orderOf(entered);
  const settled = useSettled(
    JSON.stringify({ service, draft, secrets: entered.key === '' ? [] : secretsIn(draft) }),
    TYPED_MS,
  );
  const isNamed = entered.id !== '' && entered.name !== '' && entered.teamId !== '';
  const checked = useQuery({
    queryKey: ['services/check', settled],
    queryFn: () =>
      ask<CheckedDraft>({ method: 'POST', path: '/v1/services/check', body: JSON.parse(settled) as object }),
    placeholderData: (previous) => previous,
    enabled: isNamed,
  });
  if (!isNamed) return <Text c="dimmed">Give it a name, and what it comes to is shown here.</Text>;
  return <Made checked={checked.data} error={checked.error} />;
}
