import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseBlocks, withId } from './sse-blocks.js';
import { eventId, readBefore, readEventId, streamAt } from './stream-id.js';

const id = '3fa9c01b00000017-9f86d081884c7d659a2feaa0c55ad015';

describe('the id of an event', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), (read) => {
        expect(readEventId(eventId(id, read))).toEqual({ id, read });
        expect(readBefore(id, eventId(id, read))).toBe(read);
        expect(readBefore(id, String(read))).toBe(read);
      }),
    );
  });

  it('is none where anything else stands, and never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => readEventId(text) === null));
    for (const text of [id, `${id}.`, `${id}.x`, `${id}.1 `, `x${id}.1`, `${id}.9999999999`])
      expect(readEventId(text)).toBeNull();
    expect(readBefore(id, eventId(id.replace('3', '4'), 1))).toBeNull();
    expect(readBefore(id, undefined)).toBe(0);
  });

  it('stands at the end of a path', () => {
    expect(streamAt(`/v1/streams/${id}`)).toBe(id);
    expect(streamAt('/v1/streams/other')).toBe('');
    for (const path of ['/v1/streams', '/v1/streams/', `/v1/streams/${id}/x`, '/v1/models/m'])
      expect(streamAt(path)).toBeNull();
  });
});

describe('blocks of a stream', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, ' '));
  const block = fc.oneof(
    line.map((text) => ({ kind: 'comment' as const, text: `: ${text}\n\n` })),
    fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => ({
      kind: 'event' as const,
      text: `${lines.map((text) => `data: ${text}`).join('\n')}\n\n`,
    })),
  );

  it('are what they were, wherever their bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 10 }), fc.array(fc.nat(400), { maxLength: 20 }), (blocks, cuts) => {
        const bytes = new TextEncoder().encode(blocks.map(({ text }) => text).join(''));
        const reading = new SseBlocks();
        const got = [];
        let from = 0;
        for (const at of [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]) {
          got.push(...reading.feed(bytes.subarray(from, at)));
          from = at;
        }
        expect(got).toEqual(blocks);
        expect(reading.pending).toBe(0);
      }),
    );
  });

  it('have their id in a line of its own', () => {
    expect(withId('data: x\n\n', 'a.1')).toBe('id: a.1\ndata: x\n\n');
  });
});
