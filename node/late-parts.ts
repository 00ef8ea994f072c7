/** What only some snapshots need: each part is loaded with the first one that does, for a node that never meets one is to be small. */
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { lateContracts } from './contract/late-contract.js';
import { lateMcp } from './mcp/late-mcp.js';
import { lateForms } from './optimize/convert/late-forms.js';
import { lateComposers } from './optimize/late-composing.js';
import { lateMasks } from './optimize/mask/late-masks.js';
import type { ChainServices } from './pipeline/services.js';
import { loadPatterns } from './route/patterns.js';

type Pause = () => Promise<unknown>;
type LateParts = Pick<ChainServices, 'mcp' | 'forms' | 'masks' | 'composers' | 'contracts'>;

/** By the list of routes, which is the very same one where none has changed: then ten thousand are not looked through for what they need. */
const known = new WeakMap<
  Snapshot['routes'],
  { readonly contracts: Snapshot['contracts']; readonly parts: LateParts }
>();

/** Each kind of part looks through all routes; `pause` lets others have their turn between two of them. */
export async function lateParts(snapshot: Snapshot, pause: Pause): Promise<LateParts> {
  const { routes, contracts } = snapshot;
  const before = known.get(routes);
  if (before?.contracts === contracts) return before.parts;
  const parts = await partsOf(snapshot, pause);
  known.set(routes, { contracts, parts });
  return parts;
}

async function partsOf(snapshot: Snapshot, pause: Pause): Promise<LateParts> {
  await loadPatterns(snapshot);
  await pause();
  const [mcp, forms] = [await lateMcp(snapshot), await lateForms(snapshot)];
  await pause();
  const [masks, composers] = [await lateMasks(snapshot), await lateComposers(snapshot)];
  await pause();
  return { mcp, forms, masks, composers, contracts: await lateContracts(snapshot) };
}
