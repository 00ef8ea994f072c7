/** What a service says of itself, who may use it and how: shown, and changed. */
import { Button, NativeSelect, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Plan, Service } from '../../../../model/entities.js';
import { useSend } from '../../api/queries.js';
import { Lines } from '../../ui/lines.js';
import { useNews } from '../../ui/news.js';
import { Panel } from '../../ui/page.js';
import { ProblemAlert } from '../../ui/problem-alert.js';
import { textsOf } from '../../ui/texts-of.js';
import type { TabProps } from '../service.js';
import { ServiceTraffic } from '../service-traffic.js';
import { isAtLeast, roleIn } from '../teams-of.js';
import { Plans } from './plans.js';

type Changed = Pick<Service, 'name' | 'description' | 'tags' | 'visibility' | 'basePath' | 'access' | 'versioning'> & {
  readonly plans: readonly Plan[];
};

export default function Summary({ service, session }: TabProps) {
  const mayChange = isAtLeast(roleIn(session, service.teamId), 'developer');
  return (
    <Stack gap="lg">
      <ServiceTraffic id={service.id} />
      <SummaryForm key={service.version} service={service} mayChange={mayChange} />
    </Stack>
  );
}

function SummaryForm({ service, mayChange }: { service: Service; mayChange: boolean }) {
  const send = useSend();
  const tell = useNews();
  const [form, setForm] = useState<Changed>(service);
  const set = (part: Partial<Changed>) => setForm((before) => ({ ...before, ...part }));
  const text = textsOf(form, set);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { name, description, tags, visibility, basePath, access, versioning, plans } = form;
    const body = { name, description, tags, visibility, basePath, access, versioning, plans };
    // Told by the promise: the form is made anew when the change comes back, and what was to be called then is gone with it.
    const order = { method: 'PATCH', path: `/v1/services/${service.id}`, body, version: service.version } as const;
    void send.mutateAsync(order).then(
      () => tell('The service is changed.'),
      () => {},
    );
  };
  return (
    <Panel title="What it is">
      <form onSubmit={submit}>
        <fieldset disabled={!mayChange} className="bare">
          <Stack maw={640}>
            <TextInput label="Name" required {...text('name')} />
            <Lines
              label="Description"
              description="Whoever finds it in the catalogue reads this."
              {...text('description')}
            />
            <TagsInput label="Tags" value={[...form.tags]} onChange={(tags) => set({ tags })} />
            <Access form={form} set={set} />
            <Plans plans={form.plans} onChange={(plans) => set({ plans })} isNeeded={form.access === 'key'} />
            {send.error !== null && <ProblemAlert error={send.error} />}
            {mayChange ? (
              <Button type="submit" loading={send.isPending} w="fit-content">
                Save
              </Button>
            ) : (
              <Text size="sm">You may look at it; developers and owners of the team may change it.</Text>
            )}
          </Stack>
        </fieldset>
      </form>
    </Panel>
  );
}

function Access({ form, set }: { form: Changed; set: (part: Partial<Changed>) => void }) {
  return (
    <>
      <TextInput label="Base path" required {...textsOf(form, set)('basePath')} />
      <NativeSelect
        label="Who finds it in the catalogue"
        value={form.visibility}
        onChange={(e) => set({ visibility: visibilityOf(e.currentTarget.value) })}
        data={[
          { value: 'team', label: 'its own team' },
          { value: 'organisation', label: 'every team' },
          { value: 'public', label: 'whoever may reach this console' },
        ]}
      />
      <NativeSelect
        label="Who may call it"
        value={form.access}
        onChange={(e) => set({ access: e.currentTarget.value === 'open' ? 'open' : 'key' })}
        data={[
          { value: 'key', label: 'subscribed applications, with their keys' },
          { value: 'open', label: 'everybody, without a key' },
        ]}
      />
      <NativeSelect
        label="How callers of several releases are told apart"
        value={form.versioning.by}
        onChange={(e) => set({ versioning: versioningOf(e.currentTarget.value) })}
        data={[
          { value: 'none', label: 'not at all, or by a share of them' },
          { value: 'path', label: 'by path: /base/v1' },
          { value: 'header', label: 'by a header' },
        ]}
      />
      {form.versioning.by === 'header' && (
        <TextInput
          label="Header with the version"
          required
          value={form.versioning.header}
          onChange={(e) => set({ versioning: { by: 'header', header: e.currentTarget.value } })}
        />
      )}
    </>
  );
}

function visibilityOf(value: string): Service['visibility'] {
  return value === 'organisation' || value === 'public' ? value : 'team';
}

function versioningOf(value: string): Service['versioning'] {
  if (value === 'header') return { by: 'header', header: 'x-api-version' };
  return { by: value === 'path' ? 'path' : 'none' };
}
