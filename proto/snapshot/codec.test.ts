import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { cacheL2Defaults } from './cache.js';
import { contentOf, decodeSnapshot, encodeSnapshot, hashContent, snapshotFormat } from './codec.js';
import { valueEnd } from './pack-scan.js';
import type { Snapshot } from './snapshot.js';
import { decodeSnapshotInSlices, SnapshotReader } from './snapshot-reader.js';
import { encodeSnapshotInSlices } from './snapshot-writer.js';

const sha256Hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const snapshot: Snapshot = {
  format: 7,
  ai: null,
  version: 7,
  createdWallMs: 1_700_000_000_000,
  gateway: {
    listen: { host: '127.0.0.1', port: 8080 },
    tls: null,
    proxyProtocol: false,
    trustedProxies: ['10.0.0.0/8'],
    limits: {
      headerBytes: 32_768,
      headerCount: 100,
      urlBytes: 8_192,
      exchanges: 20_000,
      messageBytes: 16_777_216,
      bodyBytes: 268_435_456,
    },
    clientTimers: { clientHeadersMs: 10_000, clientBodyMs: 10_000, clientIdleMs: 60_000, drainMs: 30_000 },
    names: { deadlineHeader: 'x-request-timeout-ms', requestIdHeader: 'x-request-id', via: 'weir' },
    jobs: {
      prefix: '/.weir/jobs',
      keepMs: 3_600_000,
      leaseMs: 10_000,
      jobsMax: 10_000,
      runningMax: 1_000,
      ownerShare: 0.25,
      resultBytesMax: 16_777_216,
      memoryBytesMax: 268_435_456,
    },
    cache: { memoryBytes: 268_435_456, writingBytes: 67_108_864, bodyBytesMax: 16_777_216, l2: cacheL2Defaults },
    accessLog: {
      ...{ enabled: true, destinations: ['stdout'], headers: {} },
      ...{ sample: 0.25, slowMs: 1_000, redact: [], requestHeaders: [] },
    },
    tracing: null,
  },
  upstreams: [],
  routes: [],
  contracts: [],
  consumers: [{ id: 'müller', keyHashes: ['ab'.repeat(32)], basic: [] }],
};

it('the bytes of a snapshot are what they were: nodes of another build must read them', () => {
  const bytes = encodeSnapshot(snapshot);
  expect(bytes[0]).toBe(7);
  expect(sha256Hex(bytes)).toBe('80f161710db7e3413582785dbb0cb8e50ec505263d698b246fc2b5599cfe749a');
});

it('whatever a snapshot holds comes back as it was, and encodes to the same bytes again', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  const consumer = fc.record({ id: text, keyHashes: fc.array(text, { maxLength: 4 }), basic: fc.constant([]) });
  const any = fc.record({
    version: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    createdWallMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    consumers: fc.array(consumer, { size: 'max', maxLength: 40 }),
    sample: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(any, ({ sample, ...more }) => {
      const wanted = {
        ...snapshot,
        ...more,
        gateway: { ...snapshot.gateway, accessLog: { ...snapshot.gateway.accessLog, sample } },
      };
      const bytes = encodeSnapshot(wanted);
      const decoded = decodeSnapshot(bytes);
      expect(decoded).toEqual({ ok: true, snapshot: wanted });
      if (decoded.ok) expect(encodeSnapshot(decoded.snapshot)).toEqual(bytes);
    }),
  );
});

it('the content hash ignores number and time, and nothing else', () => {
  const hash = hashContent(snapshot, sha256Hex);
  expect(hashContent({ ...snapshot, version: 8, createdWallMs: 1 }, sha256Hex)).toBe(hash);
  expect(hashContent({ ...snapshot, consumers: [] }, sha256Hex)).not.toBe(hash);
});

describe('encoded in slices', () => {
  const consumer = (_: unknown, i: number) => ({ id: `c${i % 7}`, keyHashes: [], basic: [] });
  const agrees = async (length: number, version: number, createdWallMs: number) => {
    const whole = { ...snapshot, version, createdWallMs, consumers: Array.from({ length }, consumer) };
    let turns = 0;
    const bytes = await encodeSnapshotInSlices(whole, async () => {
      turns += 1;
    });
    expect(Buffer.compare(bytes, encodeSnapshot(whole))).toBe(0);
    expect(turns).toBe(Math.floor(length / 128));
    expect(sha256Hex(Buffer.concat(contentOf(bytes)))).toBe(hashContent(whole, sha256Hex));
  };

  it('it is the same bytes, with as many turns for others as it is long, and has the hash of its content', async () => {
    const number = fc.oneof(fc.constant(0), fc.nat({ max: 200 }), fc.nat({ max: Number.MAX_SAFE_INTEGER }));
    const length = fc.constantFrom(0, 1, 15, 16, 127, 128, 129, 255, 256, 257, 600);
    await fc.assert(fc.asyncProperty(length, number, number, agrees), { numRuns: 30 });
  });

  it.each([65_535, 65_536])(
    'it is that also with %d callers, whose number stands in two bytes or in four',
    async (length) => {
      await agrees(length, 1, 1);
    },
  );
});

describe('bytes that are no snapshot', () => {
  const error = (bytes: Uint8Array) => {
    const decoded = decodeSnapshot(bytes);
    return decoded.ok ? 'accepted' : decoded.error;
  };
  const packed = (value: object) => encodeSnapshot(value as Snapshot); // wrong on purpose

  it('are refused with a name for what is wrong', () => {
    expect(error(new Uint8Array())).toBe('empty');
    expect(error(Uint8Array.of(1, 0x80))).toBe('unknown-format');
    expect(error(Uint8Array.of(7))).toBe('malformed');
    expect(error(Uint8Array.of(7, 0x80))).toBe('malformed');
    expect(error(Uint8Array.of(7, 0xdd, 0xff, 0xff, 0xff, 0xff))).toBe('malformed');
    expect(error(new Uint8Array(64 * 1024 * 1024 + 1).fill(1))).toBe('too-large');
  });

  it.each([
    { ...snapshot, format: 3 },
    { ...snapshot, version: 'x' },
    { ...snapshot, gateway: null },
    { ...snapshot, routes: {} },
    { ...snapshot, routes: [{}] },
    { ...snapshot, upstreams: [null] },
  ])('with a wrong outline are malformed (%#)', (value) => expect(error(packed(value))).toBe('malformed'));

  it('never make the decoder throw, cut or flipped anywhere', () => {
    const bytes = encodeSnapshot(snapshot);
    for (let length = 0; length < bytes.length; length += 1) expect(error(bytes.slice(0, length))).not.toBe('accepted');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const flipped = bytes.slice();
        flipped[at] = byte;
        decodeSnapshot(flipped);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ size: 'max', maxLength: 500 }), (noise) => {
        decodeSnapshot(Uint8Array.of(7, ...noise));
      }),
    );
  });
});

describe('decoding in slices', () => {
  const inSlices = (bytes: Uint8Array, pause = async () => {}) => decodeSnapshotInSlices(bytes, pause);
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });
  const consumer = fc.record({ id: text, keyHashes: fc.array(text, { maxLength: 20 }), basic: fc.constant([]) });

  it('gives what decoding at once gives, with a pause for each 64 KiB, or for as many as are asked for', async () => {
    const consumers = Array.from({ length: 3_000 }, (_, i) => ({
      id: `c${i}`,
      keyHashes: ['ab'.repeat(32)],
      basic: [],
    }));
    const bytes = encodeSnapshot({ ...snapshot, consumers });
    for (const [sliceBytes, mostBytes] of [
      [undefined, 70 * 1024],
      [4 * 1024, 4.4 * 1024],
    ] as const) {
      let pauses = 0;
      const decoded = await new SnapshotReader(sliceBytes).read(bytes, async () => {
        pauses += 1;
      });
      expect(decoded).toEqual(decodeSnapshot(bytes));
      expect(pauses).toBeGreaterThan(Math.floor(bytes.length / mostBytes));
    }
  });

  it('gives what decoding at once gives, whatever a snapshot holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(consumer, { size: 'max', maxLength: 60 }), fc.nat(), async (consumers, version) => {
        const bytes = encodeSnapshot({ ...snapshot, version, consumers });
        expect(await inSlices(bytes)).toEqual(decodeSnapshot(bytes));
      }),
    );
  });

  it('refuses what is cut off, goes on behind its end, or is garbage, and never rejects', async () => {
    const bytes = encodeSnapshot(snapshot);
    for (let length = 0; length < bytes.length; length += 7)
      expect((await inSlices(bytes.subarray(0, length))).ok, `${length} bytes`).toBe(false);
    expect((await inSlices(Uint8Array.from([...bytes, 0]))).ok).toBe(false);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ size: 'max', maxLength: 200 }), async (garbage) => {
        expect((await inSlices(Uint8Array.from([snapshotFormat, ...garbage]))).ok).toBe(false);
      }),
    );
    // A list that says it has four thousand million elements.
    const huge = Uint8Array.from([snapshotFormat, 0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff, 1]);
    expect(await inSlices(huge)).toMatchObject({ ok: false, error: 'malformed' });
  });

  it('knows where any value ends', () => {
    const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });
    const leaf = fc.oneof(
      ...[fc.string({ size: 'max', maxLength: 70_000 }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)],
      ...[fc.uint8Array({ size: 'max', maxLength: 70_000 }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
      fc.date({ noInvalidDate: true }),
    );
    const value = fc.oneof(leaf, fc.array(leaf, { size: 'max', maxLength: 40 }), fc.dictionary(fc.string(), leaf));
    fc.assert(
      fc.property(value, fc.nat(9), (any, before) => {
        const packed = packr.pack(any);
        const bytes = Uint8Array.from([...new Uint8Array(before), ...packed, 1, 2, 3]);
        expect(valueEnd(bytes, before)).toBe(before + packed.length);
        if (packed.length > 1) expect(() => valueEnd(packed.subarray(0, packed.length - 1), 0)).toThrow('cut off');
      }),
    );
  });
});
