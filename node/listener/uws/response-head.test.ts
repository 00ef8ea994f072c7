/** The head of a response as the library is told of it, over a model that takes notes. */
import type { HttpResponse } from 'uWebSockets.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writeHead } from './response-head.js';

/** The lines that reach the wire: the library writes the status text as it is, strings as UTF-8, and bytes as they are. */
function written(status: number, headers: readonly string[], isWithheld?: (name: string) => boolean): string[] {
  const wire: Buffer[] = [];
  const bytesOf = (text: string | Uint8Array): Buffer =>
    typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);
  const res = {
    writeStatus: (text: string) => void wire.push(bytesOf(text)),
    writeHeader: (name: string, value: string | Uint8Array) =>
      void wire.push(Buffer.concat([bytesOf(`\r\n${name}: `), bytesOf(value)])),
  };
  writeHead(res as unknown as HttpResponse, status, headers, isWithheld); // It calls nothing else.
  return Buffer.concat(wire).toString('latin1').split('\r\n');
}

const name = fc.constantFrom(
  'content-type',
  'etag',
  'x-a',
  'x-b',
  'x-long',
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
const heads = fc.array(fc.array(fc.tuple(name, value), { maxLength: 6, size: 'max' }), { maxLength: 8, size: 'max' });
const OURS = ['date', 'content-length', 'connection', 'te'];

it('writes the fields that pass, in their order, whatever was written before', () => {
  fc.assert(
    fc.property(heads, fc.boolean(), (all, withholds) => {
      for (const fields of all) {
        const named = fields.flatMap(([field, text]) => (field === 'connection' ? [text] : []));
        const passing = fields.filter(
          ([field]) => !OURS.includes(field) && !named.includes(field) && !(withholds && field === 'x-b'),
        );
        const lines = written(200, fields.flat(), withholds ? (field) => field === 'x-b' : undefined);
        expect(lines).toEqual(['200 OK', ...passing.map(([field, text]) => `${field}: ${text}`)]);
      }
    }),
    { numRuns: 500 },
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

it('gives the library what a person wrote, for UTF-8', () => {
  expect(written(200, ['x-name', 'Łódź'])[1]).toBe(`x-name: ${Buffer.from('Łódź').toString('latin1')}`);
});
