import { createHash, createHmac } from 'node:crypto';
import type { HeaderList } from '@weir/proto/http/headers.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AwsKeys, canonicalRequest, type Digests, type SignableRequest, signatureHeaders } from './sigv4.js';

const digests: Digests = {
  sha256: (data) => createHash('sha256').update(data).digest('hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest(),
};
const keys: AwsKeys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const scope = { region: 'us-east-1', service: 'service', nowMs: Date.UTC(2015, 7, 30, 12, 36) };

function request(line: string, headers: HeaderList = [], body = ''): SignableRequest {
  const method = line.slice(0, line.indexOf(' '));
  const target = line.slice(method.length + 1);
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  return { method, path, query, headers: ['host', 'example.amazonaws.com', ...headers], body };
}

const authorization = (signable: SignableRequest, of = keys): string | undefined =>
  signatureHeaders(signable, of, scope, digests).at(-1);

const signedAs = (names: string, signature: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`;

const unreserved = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const plain = 'host;x-amz-date';

/** From AWS's published signing test suite: its name, the request, the names of its signed headers and its signature. */
const vectors: readonly (readonly [string, SignableRequest, string, string])[] = [
  ['get-vanilla', request('GET /'), plain, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-unreserved',
    request(`GET /${unreserved}`),
    plain,
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  [
    'get-slashes',
    request('GET //example//'),
    plain,
    '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
  ],
  [
    'get-vanilla-query-order-key-case',
    request('GET /?Param2=value2&Param1=value1'),
    plain,
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-query-order-value',
    request('GET /?Param1=value2&Param1=value1'),
    plain,
    '5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694',
  ],
  [
    'get-vanilla-utf8-query',
    request('GET /?ሴ=bar'),
    plain,
    '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  ],
  [
    'get-header-value-order',
    request('GET /', ['my-header1', 'value4', 'my-header1', 'value1', 'my-header1', 'value3', 'my-header1', 'value2']),
    'host;my-header1;x-amz-date',
    '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  ],
  [
    'get-header-key-duplicate',
    request('GET /', ['my-header1', 'value2', 'my-header1', 'value2', 'my-header1', 'value1']),
    'host;my-header1;x-amz-date',
    'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  ],
  [
    'get-header-value-trim',
    request('GET /', ['my-header1', ' value1', 'my-header2', '"a   b   c"']),
    'host;my-header1;my-header2;x-amz-date',
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  [
    'post-x-www-form-urlencoded',
    request('POST /', ['content-type', 'application/x-www-form-urlencoded'], 'Param1=value1'),
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

describe('Signature Version 4', () => {
  it.each(vectors)('signs the published %s as published', (_, signable, names, signature) => {
    expect(authorization(signable)).toBe(signedAs(names, signature));
  });

  it('signs the token of temporary keys, and sends it', () => {
    const sessionToken = '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267';
    expect(signatureHeaders(request('GET /'), { ...keys, sessionToken }, scope, digests)).toEqual([
      'x-amz-date',
      '20150830T123600Z',
      'x-amz-security-token',
      sessionToken,
      'authorization',
      signedAs(
        'host;x-amz-date;x-amz-security-token',
        '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8',
      ),
    ]);
  });

  it.each([
    // The first three are the suite's own; the rest is what the guide says of paths that are encoded already.
    ['/example space/', '/example%20space/'],
    ['/ሴ', '/%E1%88%B4'],
    ['/example/..', '/'],
    ['/./example', '/example'],
    ['/example1/example2/../..', '/'],
    ['', '/'],
    ['/model/anthropic.claude-v2%3A1/converse', '/model/anthropic.claude-v2%253A1/converse'],
    ["/a!*(b)'", '/a%21%2A%28b%29%27'],
    ['/\uD800', '/%EF%BF%BD'],
  ])('a path %j is signed as %s', (path, canonical) => {
    expect(canonicalRequest({ ...request('GET /'), path }, digests).text.split('\n')[1]).toBe(canonical);
  });

  it.each([
    ['b&a=1', 'a=1&b='],
    ['a=%2f&a=%41', 'a=%2F&a=A'],
    ['a=1=2', 'a=1%3D2'],
    ['a=%zz', 'a=%25zz'],
    ['a-b=1&a=2&A=3', 'A=3&a=2&a-b=1'],
  ])('a query %j is signed as %s', (query, canonical) => {
    expect(canonicalRequest({ ...request('GET /'), query }, digests).text.split('\n')[2]).toBe(canonical);
  });

  it('changes with every part of a request', () => {
    const base = request('POST /a?b=c', ['content-type', 'application/json'], '{}');
    const others: SignableRequest[] = [
      { ...base, method: 'PUT' },
      { ...base, path: '/b' },
      { ...base, query: 'b=d' },
      { ...base, body: '{ }' },
      { ...base, headers: [...base.headers, 'a', 'b'] },
    ];
    expect(new Set([base, ...others].map((one) => authorization(one))).size).toBe(others.length + 1);
  });

  it('signs anything, and never shows the secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (path, query, value) => {
        const signed = signatureHeaders(
          { ...request('POST /'), path, query, headers: ['a', value] },
          keys,
          scope,
          digests,
        );
        expect(signed.join()).not.toContain(keys.secretAccessKey);
      }),
    );
  });
});
