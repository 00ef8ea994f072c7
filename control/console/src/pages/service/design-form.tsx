/** The form over a design: servers and routes row by row, and what is done with requests that break the contract. */
import { Button, Fieldset, NativeSelect, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core';
import type { Design } from '../../../../model/entities.js';
import {
  type RouteRow,
  replaced,
  routeRow,
  type UpstreamRow,
  upstreamRow,
  without,
  withRoute,
  withUpstream,
} from '../../design/design-form.js';
import { RemoveButton } from '../../ui/remove-button.js';
import { textsOf } from '../../ui/texts-of.js';

interface DesignFormProps {
  readonly design: Design;
  readonly onChange: (design: Design) => void;
}

export function DesignForm({ design, onChange }: DesignFormProps) {
  return (
    <Stack gap="md">
      <Upstreams design={design} onChange={onChange} />
      <Routes design={design} onChange={onChange} />
      {design.ai !== undefined && (
        <Text size="sm" c="dimmed">
          Models and prompts are written in the YAML, under ai.
        </Text>
      )}
      <NativeSelect
        label="Requests that break the contract"
        value={design.validate}
        onChange={(event) => onChange({ ...design, validate: validationOf(event.currentTarget.value) })}
        data={[
          { value: 'off', label: 'pass' },
          { value: 'tell', label: 'pass, and the answer tells' },
          { value: 'refuse', label: 'are answered 400, with what is wrong' },
        ]}
      />
      <Switch
        label="Answer from the examples of the contract (mock), without a server"
        checked={design.mock}
        onChange={(event) => onChange({ ...design, mock: event.currentTarget.checked })}
      />
    </Stack>
  );
}

function validationOf(value: string): Design['validate'] {
  return value === 'tell' || value === 'refuse' ? value : 'off';
}

function Upstreams({ design, onChange }: DesignFormProps) {
  const { upstreams } = design;
  const set = (list: readonly unknown[]) => onChange({ ...design, upstreams: list });
  return (
    <Fieldset legend="Servers">
      <Stack gap="sm">
        {upstreams.map((written, index) => (
          <UpstreamFields
            // biome-ignore lint/suspicious/noArrayIndexKey: ids are what is being typed
            key={index}
            row={upstreamRow(written)}
            onChange={(row) => set(replaced(upstreams, index, withUpstream(written, row)))}
            onRemove={() => set(without(upstreams, index))}
          />
        ))}
        <Button
          variant="default"
          size="xs"
          w="fit-content"
          onClick={() => set([...upstreams, { id: `server-${upstreams.length + 1}`, targets: [] }])}
        >
          Add servers
        </Button>
      </Stack>
    </Fieldset>
  );
}

function UpstreamFields({
  row,
  onChange,
  onRemove,
}: {
  row: UpstreamRow;
  onChange: (row: UpstreamRow) => void;
  onRemove: () => void;
}) {
  return (
    <Stack gap={6}>
      <TextInput label="Name of these servers" {...textsOf(row, (part) => onChange({ ...row, ...part }))('id')} />
      <Textarea
        label="Addresses, one a line"
        placeholder="http://10.0.0.5:9000"
        autosize
        defaultValue={row.targets.join('\n')}
        onChange={(e) => onChange({ ...row, targets: e.currentTarget.value.split('\n') })}
      />
      <RemoveButton what={`servers ${row.id}`} onRemove={onRemove} />
    </Stack>
  );
}

function Routes({ design, onChange }: DesignFormProps) {
  const { routes } = design;
  const set = (list: readonly unknown[]) => onChange({ ...design, routes: list });
  const names = design.upstreams.map((written) => upstreamRow(written).id).filter((id) => id !== '');
  return (
    <Fieldset legend={`Routes (${routes.length})`}>
      <Stack gap="sm">
        {routes.slice(0, ROWS_MAX).map((written, index) => (
          <RouteFields
            // biome-ignore lint/suspicious/noArrayIndexKey: ids are what is being typed
            key={index}
            row={routeRow(written)}
            upstreams={names}
            onChange={(row) => set(replaced(routes, index, withRoute(written, row)))}
            onRemove={() => set(without(routes, index))}
          />
        ))}
        <Button variant="default" size="xs" w="fit-content" onClick={() => set([...routes, { match: '/*' }])}>
          Add a route
        </Button>
      </Stack>
    </Fieldset>
  );
}

/** More are edited as text. */
const ROWS_MAX = 30;

interface RouteFieldsProps {
  readonly row: RouteRow;
  readonly upstreams: readonly string[];
  readonly onChange: (row: RouteRow) => void;
  readonly onRemove: () => void;
}

function RouteFields({ row, upstreams, onChange, onRemove }: RouteFieldsProps) {
  const text = textsOf(row, (part) => onChange({ ...row, ...part }));
  return (
    <Stack gap={6} className="route-fields">
      <div className="pair">
        <TextInput label="Path" {...text('path')} />
        <TextInput
          label="Methods"
          placeholder="any"
          defaultValue={row.methods.join(', ')}
          onChange={(e) => onChange({ ...row, methods: e.currentTarget.value.split(/[\s,]+/) })}
        />
        <NativeSelect
          label="Servers"
          {...text('upstream')}
          data={[{ value: '', label: 'the only ones, or none' }, ...upstreams]}
        />
        <TextInput label="Answer within" placeholder="30s" {...text('total')} />
      </div>
      <RemoveButton what={`route ${row.path}`} onRemove={onRemove} />
    </Stack>
  );
}
