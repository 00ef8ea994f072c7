/**
 * Leave to take away models that other services of the team ask (control/model/borrowed-models.ts). It is offered where it can matter: services over
 * models alone lend any, and only what is live has borrowers.
 */
import { Checkbox } from '@mantine/core';
import type { Service } from '../../../../model/entities.js';

interface LentModelsProps {
  readonly service: Service;
  readonly isForced: boolean;
  readonly onChange: (isForced: boolean) => void;
}

export function LentModels({ service, isForced, onChange }: LentModelsProps) {
  if (service.kind !== 'ai' || service.live.length === 0) return null;
  return (
    <Checkbox
      label="Though other services of the team ask models that this takes away"
      description="Without it that is refused, and you are told which services ask which models."
      checked={isForced}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
