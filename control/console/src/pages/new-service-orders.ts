/** What a new service begins with. Pure. */
import type { Design } from '../../../model/entities.js';
import { upstreamRow, withUpstream } from '../design/design-form.js';
import { emptyDesign } from '../design/design-yaml.js';

export type NewKind = 'openapi' | 'rest' | 'ai' | 'prompt';

/** One route to the servers that were named, one a line. */
export function firstDesign(target: string): Design {
  const names = target
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return {
    ...emptyDesign,
    upstreams: [{ id: 'server', targets: names }],
    routes: [{ id: 'all', match: '/*', upstream: 'server' }],
  };
}

/** The server in the place of the first one that the document names, under its id, so that routes still find it. */
export function withServer(design: Design, target: string): Design {
  const [first, ...others] = design.upstreams;
  const known = first === undefined ? { id: 'server' } : first;
  return {
    ...design,
    upstreams: [withUpstream(known, { id: upstreamRow(known).id, targets: [target] }), ...others],
    mock: false,
  };
}
