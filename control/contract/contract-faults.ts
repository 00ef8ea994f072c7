/** What is wrong with a contract, where, and how to put it right; gathered while a document is read, and bounded. */

export interface ContractFault {
  readonly severity: 'error' | 'warning';
  /** JSON pointer (RFC 6901) into the document; empty: the whole. */
  readonly pointer: string;
  /** From 1; null where it is not known. */
  readonly line: number | null;
  readonly message: string;
  readonly cure: string;
}

/** A generated document can have a fault for each of its lines. */
export const contractFaultsMax = 200;

export class ContractFaults {
  readonly #found: ContractFault[] = [];
  readonly #seen = new Set<string>();
  #errors = 0;
  #beyond = 0;

  error(pointer: string, message: string, cure: string): void {
    this.#errors += 1;
    this.#add({ severity: 'error', pointer, line: null, message, cure });
  }

  warn(pointer: string, message: string, cure: string): void {
    this.#add({ severity: 'warning', pointer, line: null, message, cure });
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** With lines, in the order of the document where those are known; the last says how many there are beyond the bound. */
  all(lineOf: (pointers: readonly string[]) => ReadonlyMap<string, number>): ContractFault[] {
    if (this.#found.length === 0) return [];
    const lines = lineOf(this.#found.map(({ pointer }) => pointer));
    const placed = this.#found.map((fault) => ({ ...fault, line: lines.get(fault.pointer) ?? null }));
    placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    if (this.#beyond === 0) return placed;
    const severity = this.#errors > 0 ? 'error' : 'warning';
    const cure = 'mend those above, and look again';
    return [...placed, { severity, pointer: '', line: null, message: `and ${this.#beyond} more`, cure }];
  }

  #add(fault: ContractFault): void {
    // What two operations refer to is looked at twice.
    const key = `${fault.pointer} ${fault.message}`;
    if (this.#seen.has(key)) return;
    if (this.#found.length >= contractFaultsMax) {
      this.#beyond += 1;
      return;
    }
    this.#seen.add(key);
    this.#found.push(fault);
  }
}

/** Words of a stranger's document in a message: short, and without what a terminal would obey. */
export function shown(text: string): string {
  const plain = text.replace(/[^\x20-\x7e\u00a1-\ud7ff\ue000-\ufffd]/g, '?');
  return plain.length > 80 ? `${plain.slice(0, 79)}…` : plain;
}
