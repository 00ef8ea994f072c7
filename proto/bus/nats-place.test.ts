import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { natsOptionsOf, noNatsFiles } from './nats-files.js';
import { type NatsPlace, readNatsPlace } from './nats-place.js';

function placeOf(template: string, env: Record<string, string> = {}): NatsPlace {
  const read = readNatsPlace(template, env);
  if (!read.ok) throw new Error(read.reason);
  return read.place;
}

describe('where NATS is', () => {
  it('is one server or several, with TLS for all or none', () => {
    expect(placeOf('10.0.0.1')).toEqual({
      ...{ servers: ['10.0.0.1:4222'], credentials: null, isTls: false },
      shown: 'nats://10.0.0.1:4222',
    });
    expect(placeOf('tls://a:1, tls://[::1]:2')).toMatchObject({ servers: ['a:1', '[::1]:2'], isTls: true });
    expect(readNatsPlace('tls://a,nats://b', {})).toMatchObject({ ok: false, reason: expect.stringContaining('tls') });
  });

  it('has the same credentials for all servers, or none of its own', () => {
    const password = { kind: 'password', user: 'weir', password: 'a b' };
    expect(placeOf('nats://weir:a%20b@h1,nats://h2').credentials).toEqual(password);
    expect(placeOf(`nats://\${T}@h1`, { T: 'x:y@z' }).credentials).toEqual({ kind: 'token', token: 'x:y@z' });
    expect(readNatsPlace('nats://a:b@h1,nats://c:d@h2', {}).ok).toBe(false);
    expect(readNatsPlace('nats://a:%zz@h1', {}).ok).toBe(false);
  });

  it('takes any password by reference, and shows none', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (password) => {
        const place = placeOf(`nats://u:\${P}@h1:1`, { P: password });
        expect(place.credentials).toEqual({ kind: 'password', user: 'u', password });
        expect(place.shown).toBe('nats://h1:1');
      }),
    );
  });

  it.each(['', 'http://a', 'nats://', 'nats://a:99999', 'nats://a/x', 'nats://a,,b', `nats://\${NONE}`])(
    'is not %j',
    (text) => {
      expect(readNatsPlace(text, {}).ok).toBe(false);
    },
  );

  it('is no place of more servers than are tried in a reasonable time', () => {
    expect(readNatsPlace(Array.from({ length: 17 }, () => 'a').join(), {}).ok).toBe(false);
  });
});

describe('what a connection takes from files', () => {
  it('is read, and told by its path alone where it can not be', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-nats-'));
    const path = join(folder, 'creds');
    writeFileSync(path, 'secret\n');
    const place = placeOf('h1');
    const options = natsOptionsOf(place, { ...noNatsFiles, creds: path, ca: path }, 'me');
    expect(options).toMatchObject({ servers: ['h1:4222'], credentials: { kind: 'creds' }, tls: { ca: 'secret\n' } });
    expect(natsOptionsOf(place, { ...noNatsFiles, nkey: path }, 'me').credentials).toEqual({
      kind: 'nkey',
      seed: new TextEncoder().encode('secret'),
    });
    expect(natsOptionsOf(place, noNatsFiles, 'me')).toEqual({ servers: ['h1:4222'], name: 'me' });
    expect(() => natsOptionsOf(place, { ...noNatsFiles, creds: `${path}x` }, 'me')).toThrow('credsx can');
    expect(() => natsOptionsOf(place, { ...noNatsFiles, creds: path, nkey: path }, 'me')).toThrow('one kind');
    expect(() => natsOptionsOf(place, { ...noNatsFiles, cert: path }, 'me')).toThrow('together');
    rmSync(folder, { recursive: true });
  });
});
