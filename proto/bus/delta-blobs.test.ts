import { expect, it } from 'vitest';
import type { BlobFate, BlobShelf } from './blob-store.js';
import { DELTA_FROM_BYTES, deltaBlobs, getByDelta, PATIENCE_MS } from './delta-blobs.js';

const MAX = 10 * DELTA_FROM_BYTES;

/** `changed`: a byte that is another one than in the others. */
function blobOf(changed: number, length = 2 * DELTA_FROM_BYTES): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i === changed ? 255 : (Math.imul(i, 2_654_435_761) >>> 24) & 127));
}

function store() {
  const stored = new Map<string, Uint8Array>();
  const state = { fate: 'stored' as BlobFate, isSlow: false };
  const slow: (() => void)[] = [];
  const blobs: BlobShelf = {
    async put(name, bytes) {
      if (state.fate === 'stored') stored.set(name, bytes);
      return state.fate;
    },
    get: async (name) => stored.get(name) ?? null,
    names: async () => [...stored.keys()],
    remove: async (name) => stored.delete(name),
    close: async () => {},
  };
  // Slices follow at once; whoever is patient waits until the test says so.
  const waits: (() => void)[] = [];
  const clock = {
    after(delayMs: number, run: () => void) {
      if (delayMs === PATIENCE_MS) waits.push(run);
      else if (state.isSlow) slow.push(run);
      else setImmediate(run);
      return () => {};
    },
  };
  return { slow, stored, state, blobs, own: deltaBlobs(blobs, clock), waits };
}

it('what was put is had whole, and made of either of the two before it', async () => {
  const { stored, blobs, own } = store();
  const [one, two, three] = [blobOf(100), blobOf(200_000), blobOf(300_000)];
  for (const [name, bytes] of Object.entries({ one, two, three })) {
    expect(await own.put(name, bytes)).toBe('stored');
    if (name !== 'one') expect([...stored.keys()].some((key) => key.startsWith(`${name}-from-`))).toBe(true);
  }
  await expect.poll(() => stored.size).toBe(6);
  const isSame = (bytes: Uint8Array | null, other: Uint8Array) => bytes !== null && Buffer.from(bytes).equals(other);
  expect(isSame(await own.get('three'), three)).toBe(true);
  for (const [name, bytes] of Object.entries({ one, two }))
    expect(isSame(await getByDelta(blobs, 'three', { name, bytes }, MAX), three)).toBe(true);
  expect(await getByDelta(blobs, 'two', { name: 'three', bytes: three }, MAX)).toBeNull();
  expect(stored.get('three-from-two')?.length).toBeLessThan(500);
});

it('there is no delta of what is small, is another thing altogether, was put before, or was not stored', async () => {
  const { stored, state, own } = store();
  await own.put('small', new Uint8Array(10));
  await own.put('smaller', new Uint8Array(9));
  await own.put('one', blobOf(1));
  await own.put('one', blobOf(1));
  state.fate = { why: 'away', detail: 'full' };
  expect(await own.put('lost', blobOf(2))).toEqual({ why: 'away', detail: 'full' });
  state.fate = 'stored';
  await own.put(
    'other',
    Uint8Array.from(blobOf(3), (byte, i) => byte ^ (Math.imul(i, 40_503) >>> 9)),
  );
  expect([...stored.keys()]).toEqual(['small', 'smaller', 'one', 'other']);
});

it('what is stored is told before its deltas when they take long; they come later, of the latest alone, or never', async () => {
  const { slow, stored, state, own, waits } = store();
  const goOn = async (): Promise<void> => {
    state.isSlow = false;
    for (const run of slow.splice(0)) run();
    for (let turns = 0; turns < 100; turns += 1) await new Promise(setImmediate);
  };
  await own.put('one', blobOf(100));
  state.isSlow = true;
  const putTwo = own.put('two', blobOf(200_000));
  await expect.poll(() => slow.length).toBe(1);
  waits.at(-1)?.();
  expect(await putTwo).toBe('stored');
  expect([...stored.keys()]).toEqual(['one', 'two']);
  const putThree = own.put('three', blobOf(300_000));
  await expect.poll(() => waits.length).toBe(3);
  await goOn();
  expect(await putThree).toBe('stored');
  for (let turns = 0; turns < 100; turns += 1) await new Promise(setImmediate);
  expect([...stored.keys()]).toEqual(['one', 'two', 'three', 'three-from-two', 'three-from-one']);
  state.isSlow = true;
  void own.put('four', blobOf(400_000));
  await expect.poll(() => slow.length).toBe(1);
  const closed = own.close();
  await goOn();
  await closed;
  expect([...stored.keys()].filter((name) => name.startsWith('four'))).toEqual(['four']);
});
