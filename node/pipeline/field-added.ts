/**
 * A field that is added at the end of one list after the other, with another value each time. Answers of one upstream often come with
 * the very same list, as the transport keeps it: then all but the value is there already, and one copy of the right length is
 * what is left to be made. (A list that grows by a push is copied twice, into room for twenty more.)
 */
import { type HeaderList, type MutableHeaderList, withField } from '@weir/proto/http/headers.js';

export class FieldAdded {
  readonly #name: string;
  #from: HeaderList | null = null;
  /** Of the list that came last, once it has come again: with an empty value. */
  #prepared: HeaderList | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  /** A new list in which the field stands once, last, with this value. */
  to(headers: HeaderList, value: string): MutableHeaderList {
    if (headers !== this.#from) {
      this.#from = headers;
      this.#prepared = null;
      return withField(headers, this.#name, value);
    }
    this.#prepared ??= withField(headers, this.#name, '');
    const list = this.#prepared.slice();
    list[list.length - 1] = value;
    return list;
  }
}
