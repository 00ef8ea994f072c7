/**
 * Loads what outputs are checked with, before a snapshot is compiled that has prompts with a schema: nodes without have a few
 * MiB more for other things. Owns the loaded module.
 */
import type { AiSpec } from '@weir/proto/snapshot/ai.js';
import type { OutputTools } from './output-tools.js';

let loaded: OutputTools | null = null;

export async function loadOutputTools(spec: AiSpec | null): Promise<void> {
  const prompts = [...(spec?.prompts ?? []), ...(spec?.spaces ?? []).flatMap((space) => space.prompts)];
  const isNeeded = prompts.some(({ versions }) => versions.some(({ output }) => output !== null));
  if (isNeeded) loaded ??= (await import('./output-tools.js')).outputTools;
}

export function theOutputTools(): OutputTools {
  if (loaded === null) throw new Error('what outputs are checked with is not loaded yet');
  return loaded;
}
