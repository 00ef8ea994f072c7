import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DETAILS_MAX, proxyStatus, structuredString } from './proxy-status.js';

/** Reads a String of Structured Fields by the algorithm of RFC 8941 §4.2.5; returns the text and what is left. */
function parseString(input: string): { text: string; rest: string } {
  if (input[0] !== '"') throw new Error('no opening quote');
  let text = '';
  for (let i = 1; i < input.length; i += 1) {
    const char = input[i] ?? '';
    if (char === '\\') {
      i += 1;
      const next = input[i];
      if (next !== '"' && next !== '\\') throw new Error('bad escape');
      text += next;
    } else if (char === '"') return { text, rest: input.slice(i + 1) };
    else if (char < ' ' || char > '~') throw new Error('not printable ASCII');
    else text += char;
  }
  throw new Error('no closing quote');
}

describe('Proxy-Status', () => {
  it('names the proxy as a token, its error type and the details', () => {
    expect(proxyStatus({ name: 'weir', error: 'dns_error', details: 'no such host' })).toBe(
      'weir; error=dns_error; details="no such host"',
    );
  });

  it('writes a name that is no token as a string', () => {
    expect(proxyStatus({ name: 'edge "1"', error: 'dns_error', details: '' })).toBe(
      '"edge \\"1\\""; error=dns_error; details=""',
    );
    expect(proxyStatus({ name: '1st', error: 'dns_error', details: '' })).toMatch(/^"1st"; /);
  });

  it('holds whatever details it is given in one string that a strict parser reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', size: 'max', maxLength: 2_000 }), (details) => {
        const value = proxyStatus({ name: 'weir', error: 'dns_error', details });
        const { text, rest } = parseString(value.slice('weir; error=dns_error; details='.length));
        expect(rest).toBe('');
        expect(text).toBe(details.slice(0, DETAILS_MAX).replace(/[^\x20-\x7e]/g, '?'));
      }),
    );
  });

  it('escapes the quote and the backslash only', () => {
    expect(structuredString('a"b\\c\r\nd')).toBe('"a\\"b\\\\c??d"');
  });
});
