/** A design as the text of a weir.yaml that does the same: for whoever keeps files, and to show what forms make. Pure. */
import type { Json } from '@weir/proto/contract/json-value.js';
import { dump } from 'js-yaml';
import type { Design } from '../model/entities.js';
import { routesHeld } from './to-design.js';

export function configOf(design: Design, contractId: string): string {
  const { upstreams } = design;
  const contracts = design.contract === '' ? [] : [{ id: contractId, document: JSON.parse(design.contract) as Json }]; // Control has written it.
  const config = {
    version: 1,
    ...(upstreams.length === 0 ? {} : { upstreams }),
    routes: routesHeld(design, contractId),
    ...(contracts.length === 0 ? {} : { contracts }),
  };
  return yamlOf(config);
}

/** Routes of a design, whose paths are relative, where they lie. */
export function belowBase(routes: readonly unknown[], base: string): unknown[] {
  const prefix = base === '/' ? '' : base;
  return routes.map((route) => {
    // What designOf has made.
    const made = route as { readonly match: { readonly path: string } };
    return { ...made, match: { ...made.match, path: `${prefix}${made.match.path}` } };
  });
}

/** As a person would lay it out: small things on one line. */
export function yamlOf(value: unknown): string {
  return dump(value, { lineWidth: 120, noRefs: true });
}
