/** One string for contracts that are the same: a draft and the releases made of it have megabytes of them in common. Pure. */
import type { Change, Design } from '../model/entities.js';

/** Shorter ones are not worth a look. */
const CHARS_MIN = 256;

export class SharedTexts {
  readonly #known = new Map<string, string>();

  /** The same change, with contracts that were seen before. */
  shared(change: Change): Change {
    if (change.value === null) return change;
    if (change.kind === 'service')
      return { ...change, value: { ...change.value, draft: this.#design(change.value.draft) } };
    if (change.kind === 'release')
      return { ...change, value: { ...change.value, design: this.#design(change.value.design) } };
    return change;
  }

  #design(design: Design): Design {
    if (design.contract.length < CHARS_MIN) return design;
    const known = this.#known.get(design.contract);
    if (known !== undefined) return { ...design, contract: known };
    this.#known.set(design.contract, design.contract);
    return design;
  }
}
