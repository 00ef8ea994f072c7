/** What only some snapshots need: each part is loaded with the first one that does, for a node that never meets one is to be small. */
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { lateContracts } from './contract/late-contract.js';
import { lateMcp } from './mcp/late-mcp.js';
import { lateForms } from './optimize/convert/late-forms.js';
import { lateComposers } from './optimize/late-composing.js';
import { lateMasks } from './optimize/mask/late-masks.js';
import type { ChainServices } from './pipeline/services.js';
import { loadPatterns } from './route/patterns.js';

export async function lateParts(
  snapshot: Snapshot,
): Promise<Pick<ChainServices, 'mcp' | 'forms' | 'masks' | 'composers' | 'contracts'>> {
  await loadPatterns(snapshot);
  return {
    mcp: await lateMcp(snapshot),
    forms: await lateForms(snapshot),
    masks: await lateMasks(snapshot),
    composers: await lateComposers(snapshot),
    contracts: await lateContracts(snapshot),
  };
}
