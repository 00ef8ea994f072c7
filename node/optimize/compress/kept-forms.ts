/**
 * Answers in their compressed form, for the next who asks for the same: by address, entity tag and coding, so a form is that of exactly one
 * representation. Bounded in bytes; the one that was unused for longest makes room. Pure.
 */

/** Of one; a larger one would push out too many others. */
export const formBytesMax = 1024 * 1024;
/** What an entry takes besides its bytes and key. */
const ENTRY_BYTES = 200;

export class KeptForms {
  readonly #bytesMax: number;
  readonly #forms = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): Uint8Array | undefined {
    const form = this.#forms.get(key);
    if (form === undefined) return undefined;
    this.#forms.delete(key);
    this.#forms.set(key, form);
    return form;
  }

  put(key: string, form: Uint8Array): void {
    const size = sizeOf(key, form);
    if (form.length > formBytesMax || size > this.#bytesMax || this.#forms.has(key)) return;
    this.#forms.set(key, form);
    this.#bytes += size;
    for (const [oldest, bytes] of this.#forms) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#forms.delete(oldest);
      this.#bytes -= sizeOf(oldest, bytes);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }
}

function sizeOf(key: string, form: Uint8Array): number {
  return form.length + 2 * key.length + ENTRY_BYTES;
}
