/** Prompts of a snapshot, compiled: their versions with what outputs are checked by, and which version answers whom. */
import type { AiPromptOutputSpec, AiPromptSpec, AiPromptVersionSpec } from '@weir/proto/snapshot/ai.js';
import type { Random } from '../../time/clock.js';
import { hash32, mix32 } from '../../upstream/balance/hash.js';
import type { Fit } from './fit.js';
import { theOutputTools } from './output-tools-loader.js';

export interface PromptVersion {
  readonly prompt: string;
  readonly spec: AiPromptVersionSpec;
  /** Null: the output is a text. */
  readonly fit: Fit | null;
  readonly mayAskAgain: boolean;
}

export interface CompiledPrompt {
  readonly spec: AiPromptSpec;
  readonly versions: ReadonlyMap<string, PromptVersion>;
}

export function compilePrompt(spec: AiPromptSpec): CompiledPrompt {
  const versions = spec.versions.map((version): PromptVersion => {
    const { output } = version;
    const fit = output === null ? null : fitOf(output);
    return { prompt: spec.id, spec: version, fit, mayAskAgain: output?.repair === 'ask' };
  });
  return { spec, versions: new Map(versions.map((version) => [version.spec.id, version])) };
}

function fitOf({ schema, repair, isCounted }: AiPromptOutputSpec): Fit {
  const tools = theOutputTools();
  const check = isCounted === true ? tools.counted(schema) : tools.compile(schema);
  return { check, repaired: repair === 'none' ? null : tools.repaired };
}

/**
 * For who names none: by weight, and the same one for the same key as long as the weights stay; who has no key is drawn. The
 * prompt's name is hashed with the key: who gets the new version of one prompt shall not get the new one of all.
 */
export function pickVersion({ spec, versions }: CompiledPrompt, key: string | null, random: Random): PromptVersion {
  const total = spec.versions.reduce((sum, { weight }) => sum + weight, 0);
  const share = key === null ? random() : mix32(hash32(`${spec.id}\0${key}`)) / 0x1_0000_0000;
  let left = share * total;
  for (const { id, weight } of spec.versions) {
    const version = versions.get(id);
    if (weight > 0 && left < weight && version !== undefined) return version;
    left -= weight;
  }
  const last = [...versions.values()].findLast((version) => version.spec.weight > 0);
  if (last === undefined) throw new Error(`no version of the prompt "${spec.id}" has a weight`);
  return last;
}
