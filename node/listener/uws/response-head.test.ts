/** The head of a response as the library is told of it, over a model that takes notes. */
import type { HttpResponse } from 'uWebSockets.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writeHead } from './response-head.js';

/** The lines that reach the wire: the library writes the status text as it is, strings as UTF-8, and bytes as they are. */
function written(
  status: number,
  headers: readonly string[],
  isWithheld: ((name: string) => boolean) | null = null,
  requestId = '',
): string[] {
  const wire: Buffer[] = [];
  const bytesOf = (text: string | Uint8Array): Buffer =>
    typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);
  const res = {
    writeStatus: (text: string | Uint8Array) => void wire.push(bytesOf(text)),
    writeHeader: (name: string, value: string | Uint8Array) =>
      void wire.push(Buffer.concat([bytesOf(`\r\n${name}: `), bytesOf(value)])),
  };
  writeHead(res as unknown as HttpResponse, status, headers, isWithheld, requestId); // It calls nothing else.
  return Buffer.concat(wire).toString('latin1').split('\r\n');
}

const name = fc.constantFrom(
  'content-type',
  'etag',
  'x-a',
  'x-b',
  'set-cookie',
  'date',
  'content-length',
  'connection',
  'te',
);
const value = fc.constantFrom(
  '',
  'a',
  'b',
  'text/plain',
  '\xe9t\xe9',
  '\tb',
  'x'.repeat(300),
  'y'.repeat(300),
  'close',
  'x-a',
);
const field = fc.tuple(name, value);
const fields = fc.array(field, { maxLength: 5, size: 'max' });
const OURS = ['date', 'content-length', 'connection', 'te'];

it('writes the fields that pass, in their order, whatever was written before', () => {
  // Few starts, which come again and again with another end, and now and then with another status.
  const starts = fc.array(fields, { minLength: 1, maxLength: 3 });
  const answers = fc.array(
    fc.record({
      which: fc.nat(),
      end: fc.array(field, { minLength: 1, maxLength: 2 }),
      status: fc.constantFrom(200, 200, 408),
      withholds: fc.constantFrom(false, false, false, true),
    }),
    { maxLength: 20, size: 'max' },
  );
  fc.assert(
    fc.property(starts, answers, (known, all) => {
      for (const { which, end, status, withholds } of all) {
        const head = [...(known[which % known.length] ?? []), ...end];
        const named = head.flatMap(([field, text]) => (field === 'connection' ? [text] : []));
        const passing = head.filter(
          ([field]) => !OURS.includes(field) && !named.includes(field) && !(withholds && field === 'x-b'),
        );
        const lines = written(status, head.flat(), withholds ? (field) => field === 'x-b' : null);
        const statusLine = status === 200 ? '200 OK' : '408 Request Timeout';
        expect(lines).toEqual([statusLine, ...passing.map(([field, text]) => `${field}: ${text}`)]);
      }
    }),
    { numRuns: 1_000 },
  );
});

it('ends a head with the id of its own request, whatever heads and ids were written before', () => {
  const start = fc.array(fc.tuple(name, fc.constantFrom('a', 'b', '\xe9', 'Łódź', 'x-id')), {
    minLength: 1,
    maxLength: 3,
  });
  const answers = fc.array(
    fc.record({
      which: fc.nat(),
      last: fc.constantFrom('x-id', 'x-id', 'x-other', 'date'),
      id: fc.stringMatching(/^[a-z]{3,5}$/),
      status: fc.constantFrom(200, 200, 408),
    }),
    { maxLength: 20, size: 'max' },
  );
  fc.assert(
    fc.property(fc.array(start, { minLength: 1, maxLength: 3 }), answers, (known, all) => {
      for (const { which, last, id, status } of all) {
        const head = [...(known[which % known.length] ?? []), [last, id] as const];
        const named: string[] = head.flatMap(([field, text]) => (field === 'connection' ? [text] : []));
        const passing = head.filter(([field]) => !OURS.includes(field) && !named.includes(field));
        const lines = passing.map(([field, text]) => {
          const bytes = text.includes('Ł') ? Buffer.from(text).toString('latin1') : text;
          return `${field}: ${bytes}`;
        });
        expect(written(status, head.flat(), null, id)).toEqual([
          status === 200 ? '200 OK' : '408 Request Timeout',
          ...lines,
        ]);
      }
    }),
    { numRuns: 1_000 },
  );
});

it.each(['\r\nset-cookie: a=b', 'a\nb', '\r', '\0'])('refuses a value that would end its line: %j', (bad) => {
  for (const good of ['', 'a']) {
    written(200, ['x-split', good]);
    for (const text of [bad, good + bad, bad + good]) {
      expect(() => written(200, ['x-split', text])).toThrow('holds a line break');
      expect(() => written(200, ['x-first', '\xe9', 'x-split', text])).toThrow('holds a line break');
    }
  }
});

it('takes a short head for no other that began as it does', () => {
  const long = Array.from({ length: 21 }, (_, at) => [`x-${at}`, 'same']);
  for (const count of [21, 5, 21, 5]) {
    const head = [...long.slice(0, count - 1), ['x-end', `${count}`]];
    expect(written(200, head.flat())).toEqual(['200 OK', ...head.map((pair) => pair.join(': '))]);
  }
});

it('gives the library what a person wrote, for UTF-8', () => {
  expect(written(200, ['x-name', 'Łódź'])[1]).toBe(`x-name: ${Buffer.from('Łódź').toString('latin1')}`);
});
