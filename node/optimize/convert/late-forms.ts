/** Loads what changes bodies from form to form when the first snapshot needs it: a parser of XML is nothing that every node has use for. */
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { FormChanger } from '../../pipeline/services.js';

/** Null: no route changes bodies. */
export async function lateForms({ routes }: Pick<Snapshot, 'routes'>): Promise<FormChanger | null> {
  if (!routes.some(({ convert }) => convert !== undefined)) return null;
  const { converted, FormFault, formOf, mediaTypes } = await import('./forms.js');
  return {
    formOf,
    mediaTypes,
    change(bytes, from, to, root) {
      try {
        return converted(bytes, from, to, root);
      } catch (error) {
        if (error instanceof FormFault) return error.message;
        throw error;
      }
    },
  };
}
