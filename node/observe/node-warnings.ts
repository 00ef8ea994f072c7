/** What an operator has to know of a node that serves: told in its status, and on stderr when it begins. Pure. */
import type { ServedCertificate } from '../listener/listener.js';

export interface NodeTroubles {
  /** As their owners say them. */
  readonly told: readonly string[];
  /** Why the access log loses lines; null: it does not. */
  readonly logTrouble: string | null;
  readonly hasNoDescriptors: boolean;
  readonly certificates: readonly ServedCertificate[];
}

export function nodeWarnings(
  { told, logTrouble, hasNoDescriptors, certificates }: NodeTroubles,
  nowWallMs: number,
): string[] {
  const warnings = [...told];
  if (logTrouble !== null) warnings.push(`the access log loses lines (${logTrouble})`);
  if (hasNoDescriptors)
    warnings.push('no file descriptor is left to connect to upstreams; raise LimitNOFILE= of the unit, or ulimit -n');
  for (const { file, notAfterWallMs } of certificates)
    if (notAfterWallMs <= nowWallMs)
      warnings.push(
        `a certificate in ${file} expired at ${timeOf(notAfterWallMs)} and clients refuse it; renew that file, which is read again when it changes, or look at the clock`,
      );
  return warnings;
}

/** The same for as long as it holds, so that it is told once. */
function timeOf(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('.000', '');
}
