import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { importSPKI, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { assertionToSign, isStale, readServiceAccount, readToken, type ServiceAccount, tokenRequest } from './oauth.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const file = {
  type: 'service_account',
  project_id: 'p',
  private_key_id: 'k1',
  private_key: privateKey,
  client_email: 'ü@p.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
};

function account(of: object = file): ServiceAccount {
  const read = readServiceAccount(JSON.stringify(of));
  if (typeof read === 'string') throw new Error(read);
  return read;
}

describe('a service account of Google', () => {
  it('is read from its key file', () => {
    expect(account()).toEqual({
      email: file.client_email,
      privateKey,
      keyId: 'k1',
      tokenUrl: file.token_uri,
      project: 'p',
    });
    expect(account({ ...file, token_uri: undefined, project_id: undefined, private_key_id: undefined })).toMatchObject({
      tokenUrl: 'https://oauth2.googleapis.com/token',
      project: null,
      keyId: null,
    });
    expect(account({ ...file, token_uri: 'http://127.0.0.1:9/token' }).tokenUrl).toBe('http://127.0.0.1:9/token');
  });

  it.each([
    ['no JSON', '{', 'not a JSON object'],
    ['another kind of key', JSON.stringify({ ...file, type: 'authorized_user' }), '`type`'],
    ['no key', JSON.stringify({ ...file, private_key: 7 }), '`private_key`'],
    [
      'a place that is not safe',
      JSON.stringify({ ...file, token_uri: 'http://127.0.0.1.evil.example/token' }),
      'https',
    ],
  ])('with %s is refused without quoting it', (_, text, said) => {
    const read = readServiceAccount(text);
    expect(read).toContain(said);
    expect(read).not.toContain('PRIVATE');
  });

  it('asks for a token with a claim that others can verify', async () => {
    const nowMs = Date.UTC(2026, 0, 2);
    const assertion = assertionToSign(account(), nowMs);
    const { url, body } = tokenRequest(account(), assertion, sign('sha256', Buffer.from(assertion), privateKey));
    expect(url).toBe(file.token_uri);
    const form = new URLSearchParams(body);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify(
      form.get('assertion') ?? '',
      await importSPKI(publicKey, 'RS256'),
      {
        issuer: file.client_email,
        audience: file.token_uri,
        currentDate: new Date(nowMs),
      },
    );
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' });
    expect(payload).toMatchObject({
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      iat: nowMs / 1000,
      exp: nowMs / 1000 + 3600,
    });
  });

  it('gets a token that is renewed before it ends', () => {
    const token = readToken(200, '{"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"}', 1000);
    expect(token).toEqual({ token: 'ya29.x', expiresAtMs: 3_600_000 });
    if ('kind' in token) throw new Error(token.message);
    expect([isStale(token, 3_299_999), isStale(token, 3_300_000)]).toEqual([false, true]);
  });

  it.each([
    [200, '{"access_token":""}', 'malformed'],
    [200, '{"access_token":"x","expires_in":0}', 'malformed'],
    [200, '<html>', 'malformed'],
    [400, '{"error":"invalid_grant","error_description":"Invalid JWT Signature."}', 'authentication'],
    [401, '{"error":"invalid_client"}', 'authentication'],
    [403, '', 'permission'],
    [429, '', 'rateLimited'],
    [503, '', 'overloaded'],
  ])('that is answered %i %s is an error', (status, body, kind) => {
    expect(readToken(status, body, 0)).toMatchObject({ kind });
  });

  it('reads anything', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.integer({ min: 200, max: 599 }), (text, status) => {
        readServiceAccount(text);
        expect(readToken(status, text, 0)).toHaveProperty('kind');
      }),
    );
  });
});
