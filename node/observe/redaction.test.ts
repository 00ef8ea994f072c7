import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeGateway, makeRoute } from '../pipeline/testing/specs.js';
import { REDACTED, redactField, redactQuery, secretNames } from './redaction.js';

const secrets = new Set(['token', 'api_key']);

describe('redaction of a query', () => {
  it.each([
    ['', ''],
    ['a=1', 'a=1'],
    ['token=abc', 'token=[redacted]'],
    ['a=1&token=abc&b=2', 'a=1&token=[redacted]&b=2'],
    ['token=a&token=b', 'token=[redacted]&token=[redacted]'],
    ['a=1;token=abc', 'a=1;token=[redacted]'],
    ['TOKEN=abc', 'TOKEN=[redacted]'],
    ['%74oken=abc', '%74oken=[redacted]'],
    ['token=a=b', 'token=[redacted]'],
    ['token=', 'token=[redacted]'],
    ['token', 'token'],
    ['tokens=1&x_token=2', 'tokens=1&x_token=2'],
    ['a=token=b', 'a=token=b'],
    ['Token=1&tOKEN=2&API_key=3&tokem=4', 'Token=[redacted]&tOKEN=[redacted]&API_key=[redacted]&tokem=4'],
    ['%zz=1&&=2&api_key=%', '%zz=1&&=2&api_key=[redacted]'],
  ])('%s → %s', (query, redacted) => {
    expect(redactQuery(query, secrets)).toBe(redacted);
  });

  it('knows each secret by its name, however it is written, and no other name', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9_-]{1,40}$/), { minLength: 1, maxLength: 5 });
    const written = fc.func(fc.boolean());
    fc.assert(
      fc.property(names, names, written, (chosen, others, isCapital) => {
        const own = new Set(chosen);
        for (const name of [...chosen, ...others]) {
          const shown = [...name].map((char, i) => (isCapital(i) ? char.toUpperCase() : char)).join('');
          expect(redactQuery(`${shown}=v`, own)).toBe(`${shown}=${own.has(name) ? REDACTED : 'v'}`);
        }
      }),
    );
  });

  it('never lets a secret value through, and leaves all else as it is', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abtoken%7=_'), size: 'max', maxLength: 12 });
    fc.assert(
      fc.property(fc.array(word, { size: 'max', maxLength: 8 }), fc.nat(), (words, at) => {
        const position = at % (words.length + 1);
        const query = [...words.slice(0, position), 'token=SECRET', ...words.slice(position)].join('&');
        const redacted = redactQuery(query, secrets);
        expect(redacted).not.toContain('SECRET');
        // Two independent readings agree on every parameter that is not secret.
        const before = query.split('&');
        redacted.split('&').forEach((parameter, i) => {
          if (!parameter.endsWith(`=${REDACTED}`)) expect(parameter).toBe(before[i]);
        });
      }),
    );
  });
});

describe('the names of secrets', () => {
  it('are the customary ones, those of the configuration, and those that routes take keys from', () => {
    const gateway = makeGateway();
    const names = secretNames({
      gateway: { ...gateway, accessLog: { ...gateway.accessLog, redact: ['X-Mine'] } },
      routes: [
        makeRoute({
          auth: [
            { kind: 'apiKey', in: [{ header: 'x-partner' }, { query: 'Pass' }, 'bearer'], consumers: [], hide: true },
          ],
        }),
      ],
    });
    for (const name of [
      'authorization',
      'cookie',
      'set-cookie',
      'x-api-key',
      'access_token',
      'x-mine',
      'x-partner',
      'pass',
    ]) {
      expect([name, names.has(name)]).toEqual([name, true]);
    }
    expect(names.has('accept')).toBe(false);
  });

  it('cover header fields, and the query of a referrer', () => {
    expect(redactField('token', 'abc', secrets)).toBe(REDACTED);
    expect(redactField('referer', 'https://h/?token=a', secrets)).toBe(`https://h/?token=${REDACTED}`);
    expect(redactField('x-url', 'https://h/?token=a', secrets)).toBe('https://h/?token=a');
  });
});
