/** Plans: ways to use a service, each with its limits (as weir.yaml writes them) and its kind of approval. */
import { Button, Fieldset, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import type { Plan } from '../../../../model/entities.js';
import { replaced, without } from '../../design/design-form.js';
import { textsOf } from '../../ui/texts-of.js';
import { limitsOf, textOfLimits } from './plan-limits.js';

interface PlansProps {
  readonly plans: readonly Plan[];
  readonly onChange: (plans: readonly Plan[]) => void;
  readonly isNeeded: boolean;
}

export function Plans({ plans, onChange, isNeeded }: PlansProps) {
  const add = () =>
    onChange([
      ...plans,
      {
        id: plans.length === 0 ? 'free' : `plan-${plans.length + 1}`,
        name: plans.length === 0 ? 'Free' : `Plan ${plans.length + 1}`,
        limits: [],
        approval: 'manual',
      },
    ]);
  return (
    <Fieldset legend="Plans">
      <Stack gap="md">
        {plans.length === 0 && (
          <Text size="sm" c="dimmed">
            {isNeeded ? 'A service with keys needs one at least: applications subscribe to a plan.' : 'None is needed.'}
          </Text>
        )}
        {plans.map((plan, index) => (
          <PlanRow
            // biome-ignore lint/suspicious/noArrayIndexKey: ids are what is being typed
            key={index}
            plan={plan}
            onChange={(changed) => onChange(replaced(plans, index, changed))}
            onRemove={() => onChange(without(plans, index))}
          />
        ))}
        <Button variant="default" size="xs" w="fit-content" onClick={add}>
          Add a plan
        </Button>
      </Stack>
    </Fieldset>
  );
}

function PlanRow({ plan, onChange, onRemove }: { plan: Plan; onChange: (plan: Plan) => void; onRemove: () => void }) {
  const text = textsOf(plan, (part) => onChange({ ...plan, ...part }));
  return (
    <Group align="flex-end" gap="sm">
      <TextInput label="Id" required w={120} {...text('id')} />
      <TextInput label="Name" required style={{ flex: '1 1 140px' }} {...text('name')} />
      <TextInput
        label="Limits"
        placeholder="100/s, 10000/d"
        style={{ flex: '1 1 160px' }}
        defaultValue={textOfLimits(plan.limits)}
        onChange={(e) => onChange({ ...plan, limits: limitsOf(e.currentTarget.value) })}
      />
      <NativeSelect
        label="Approval"
        value={plan.approval}
        onChange={(e) => onChange({ ...plan, approval: e.currentTarget.value === 'auto' ? 'auto' : 'manual' })}
        data={[
          { value: 'manual', label: 'by an owner' },
          { value: 'auto', label: 'at once' },
        ]}
      />
      <Button variant="default" size="sm" onClick={onRemove} aria-label={`Remove plan ${plan.name}`}>
        Remove
      </Button>
    </Group>
  );
}
