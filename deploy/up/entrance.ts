/** How people come to an admin API, from the options of a command (commands/entrance-options.ts). Loaded when the command is called. */
import { readFileSync } from 'node:fs';
import { readOidcSettings } from '@weir/control/people/oidc-settings.js';
import type { Entrance } from './admin-access.js';

/** A text: why not. */
export function entranceOf({ adminUrl = null, oidc }: { adminUrl?: string | null; oidc?: string }): Entrance | string {
  if (oidc === undefined) return { publicUrl: adminUrl, oidc: null };
  let text: string;
  try {
    text = readFileSync(oidc, 'utf8');
  } catch (error) {
    return `--oidc: ${oidc} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`; // How Node names errors of the system.
  }
  const read = readOidcSettings(text, process.env);
  if (!read.ok) return `--oidc: ${oidc}: ${read.faults.join('; ')}`;
  return { publicUrl: adminUrl, oidc: read.settings };
}
