/**
 * The fields that request heads had lately. The library makes a new text of each name and value of each request, though nearly all
 * of them say what the one before has said at the same place: those are replaced by the texts that are kept. What is the same text
 * is compared at once by whoever compares it again, was hashed before, and of a value it is known what it may hold; the new ones die young.
 *
 * Names come from clients, who can make them up: there is a bound on those that are kept. Of each place the last field is kept, of
 * each name the last value that was plain, unless it is long, and so seldom the same twice, or by its name a secret: those are kept
 * beyond their request by nobody, and compared with no other client's.
 */
import { type NameSketch, sketchOf } from '@weir/proto/http/name-sketch.js';
import { isPlainField } from '../pipeline/reusable.js';

const NAMES_MAX = 1024;
const NAME_LENGTH_MAX = 64;
const VALUE_LENGTH_MAX = 128;
/** More fields than the library lets through. */
const PLACES_MAX = 128;

/** What `readHead` has to look at. */
const READ: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'expect']);

/** Names that carry credentials by custom; observe/redaction.ts has them, and more, for logs. */
const SECRET: ReadonlySet<string> = new Set([
  ...['authorization', 'proxy-authorization', 'cookie', 'api-key', 'x-api-key', 'x-auth-token', 'x-csrf-token'],
]);

export class FamiliarField {
  readonly name: string;
  readonly sketch: NameSketch;
  readonly isRead: boolean;
  /** Whatever it says, a stored answer is the same (pipeline/reusable.ts), but for the gateway's own fields. */
  readonly isPlain: boolean;
  readonly #isSecret: boolean;
  /** The last one that was plain text; null: none, or too long to be kept. */
  value: string | null = null;

  constructor(name: string) {
    this.name = name;
    this.sketch = sketchOf(name);
    this.isRead = READ.has(name);
    this.isPlain = isPlainField(name);
    this.#isSecret = SECRET.has(name);
  }

  /** `value` is plain text. */
  keep(value: string): void {
    if (value.length <= VALUE_LENGTH_MAX && !this.#isSecret) this.value = value;
  }
}

const known = new Map<string, FamiliarField>();
const places: FamiliarField[] = [];

/** The field of this name, lower-case, which stands at this place, counted from 0. */
export function familiarField(place: number, name: string): FamiliarField {
  const there = places[place];
  if (there !== undefined && there.name === name) return there;
  const field = known.get(name) ?? makeField(name);
  if (place <= places.length && place < PLACES_MAX) places[place] = field;
  return field;
}

function makeField(name: string): FamiliarField {
  const field = new FamiliarField(name);
  if (known.size < NAMES_MAX && name.length <= NAME_LENGTH_MAX) known.set(name, field);
  return field;
}
