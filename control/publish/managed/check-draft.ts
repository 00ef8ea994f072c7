/** What a draft would come to if it were published now: every fault in it with its place, and the lines of weir.yaml that it stands for. Pure. */
import { type Finding, shownPath } from '@weir/proto/config/faults.js';
import type { Design, Service } from '../../model/entities.js';
import { composeService, type ManagedWorld, type Served } from './compose-service.js';
import { lintComposed } from './projection.js';
import { yamlOfService } from './service-yaml.js';

export interface DraftFault {
  readonly severity: 'error' | 'warning';
  /** Into the design: `routes[0].match.path`. */
  readonly path: string;
  readonly message: string;
  readonly cure: string;
}

export interface CheckedDraft {
  readonly ok: boolean;
  readonly faults: readonly DraftFault[];
  /** Empty where there is an error. */
  readonly yaml: string;
  readonly routes: readonly string[];
}

const FAULTS_MAX = 100;

/** As the next release, under the name of a version that it would have. */
export function checkDraft(service: Service, design: Design, name: string, world: ManagedWorld): CheckedDraft {
  const release = service.lastRelease + 1;
  const served: readonly Served[] = [{ release, share: 100, name, design }];
  const composed = composeService(service, served, world);
  const isSound = composed.findings.every(({ severity }) => severity !== 'error');
  const findings = isSound ? [...composed.findings, ...lintComposed(composed).filter(isTheirs)] : composed.findings;
  const ok = findings.every(({ severity }) => severity !== 'error');
  return {
    ok,
    faults: findings.slice(0, FAULTS_MAX).map(asFault),
    yaml: ok ? yamlOfService(service, served, composed) : '',
    routes: ok ? composed.routes.map(({ id }) => id) : [],
  };
}

/** What `check` says of auth, and of teams in budgets, is about consumers of weir.yaml, which this design knows nothing of. */
function isTheirs({ path }: Finding): boolean {
  return !path.includes('auth') && !(path.includes('limits') && path.at(-1) === 'by');
}

export function asFault({ severity, path, message, cure }: Finding): DraftFault {
  return { severity, path: shownPath(path), message, cure: cure ?? '' };
}
