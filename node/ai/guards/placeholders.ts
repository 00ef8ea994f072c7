/**
 * What stands in place of what was masked: `[EMAIL]`, or, where it shall come back, `[EMAIL_1]`, the same for the same value throughout a
 * request. Knows the values of one question for as long as its answer takes, and forgets them with it. Pure.
 */
import { byRuns, type Detector, findBy, unitsOf } from './detector.js';

/** Values of one question that are kept; those beyond are masked for good. */
const VALUES_MAX = 10_000;

export class Placeholders {
  readonly #isNumbered: boolean;
  readonly #byValue = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(isNumbered: boolean) {
    this.#isNumbered = isNumbered;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  of(value: string, label: string): string {
    if (!this.#isNumbered) return `[${label}]`;
    const known = this.#byValue.get(value);
    if (known !== undefined) return known;
    if (this.#values.size >= VALUES_MAX) return `[${label}]`;
    const count = (this.#counts.get(label) ?? 0) + 1;
    this.#counts.set(label, count);
    const placeholder = `[${label}_${count}]`;
    this.#byValue.set(value, placeholder);
    this.#values.set(placeholder, value);
    return placeholder;
  }

  /** What is no placeholder of this question stays as it is. */
  restored(placeholder: string): string {
    return this.#values.get(placeholder) ?? placeholder;
  }
}

export const placeholderDetector: Detector = byRuns({
  label: 'PLACEHOLDER',
  isPart: unitsOf(/[A-Z0-9_[\]]/),
  mayBegin: (text, at) => text[at] === '[',
  lengthMax: 80,
  find: findBy(/\[[A-Z][A-Z0-9_]{0,66}_\d{1,6}\]/g),
});
