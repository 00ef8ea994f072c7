/** What only some snapshots need: each part is loaded with the first one that does, for a node that never meets one is to be small. */
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { lateContracts } from './contract/late-contract.js';
import { lateMcp } from './mcp/late-mcp.js';
import { lateForms } from './optimize/convert/late-forms.js';
import { lateComposers } from './optimize/late-composing.js';
import { lateMasks } from './optimize/mask/late-masks.js';
import type { ChainServices } from './pipeline/services.js';
import { loadPatterns } from './route/patterns.js';

type LateParts = Pick<ChainServices, 'mcp' | 'forms' | 'masks' | 'composers' | 'contracts'>;

/** By the list of routes, which is the very same one where none has changed: then ten thousand are not looked through for what they need. */
const known = new WeakMap<
  Snapshot['routes'],
  { readonly contracts: Snapshot['contracts']; readonly parts: LateParts }
>();

export async function lateParts(snapshot: Snapshot): Promise<LateParts> {
  const { routes, contracts } = snapshot;
  const before = known.get(routes);
  if (before?.contracts === contracts) return before.parts;
  const parts = await partsOf(snapshot);
  known.set(routes, { contracts, parts });
  return parts;
}

async function partsOf(snapshot: Snapshot): Promise<LateParts> {
  await loadPatterns(snapshot);
  return {
    mcp: await lateMcp(snapshot),
    forms: await lateForms(snapshot),
    masks: await lateMasks(snapshot),
    composers: await lateComposers(snapshot),
    contracts: await lateContracts(snapshot),
  };
}
