/** A config text, checked as a whole: parsed, then linted; every fault of both, in the order of the file. */
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Entity, entitiesIn } from '@weir/proto/config/entities.js';
import type { Fault, Finding } from '@weir/proto/config/faults.js';
import { bounded, parseConfig } from '@weir/proto/config/parse.js';
import { type Environment, fillReferences } from '@weir/proto/snapshot/secret-text.js';
import { lint } from './lint.js';
import { whyNotKey } from './public-keys.js';

export type CheckedConfig =
  | {
      readonly ok: true;
      readonly config: WeirConfig;
      readonly warnings: readonly Fault[];
      /** As they are written: what another config is compared by. */
      readonly entities: readonly Entity[];
      /** Gives findings of later checks their place. */
      readonly place: (findings: readonly Finding[]) => Fault[];
    }
  /** `faults` holds the warnings as well. */
  | { readonly ok: false; readonly faults: readonly Fault[] };

export function checkConfig(
  text: string,
  environment: Environment,
  sha256Hex: (text: string) => string,
): CheckedConfig {
  const keyHash = (template: string): string => {
    const { text: key, missing } = fillReferences(template, environment);
    // A key whose variable is missing is a fault already; until it is set, nobody knows which key it is.
    return missing.length > 0 ? `unset:${template}` : sha256Hex(key);
  };
  const fill = (template: string): string | null => {
    const { text: filled, missing } = fillReferences(template, environment);
    return missing.length > 0 ? null : filled;
  };
  const parsed = parseConfig(text, environment);
  const faults = bounded([...parsed.faults, ...parsed.place(lint(parsed.draft, { keyHash, fill, whyNotKey }))]);
  const failed = parsed.config === null || faults.some(({ severity }) => severity === 'error');
  return failed || parsed.config === null
    ? { ok: false, faults }
    : {
        ...{ ok: true, config: parsed.config, warnings: faults, place: parsed.place },
        entities: entitiesIn(parsed.written),
      };
}

/** With what a look into the files has found, in the order of the config. */
export function withFindings(checked: CheckedConfig, findings: readonly Finding[]): CheckedConfig {
  if (!checked.ok || findings.length === 0) return checked;
  const faults = bounded([...checked.warnings, ...checked.place(findings)]);
  return faults.some(({ severity }) => severity === 'error') ? { ok: false, faults } : { ...checked, warnings: faults };
}

/** As the admin API tells it. */
export interface CheckedText {
  readonly ok: boolean;
  readonly faults: readonly Fault[];
  /** Of a text with faults none. */
  readonly entities: readonly Entity[];
}

export function toldOf(checked: CheckedConfig): CheckedText {
  const { ok } = checked;
  return ok
    ? { ok, faults: checked.warnings, entities: checked.entities }
    : { ok, faults: checked.faults, entities: [] };
}
