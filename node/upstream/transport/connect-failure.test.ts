import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { type ConnectStage, translateConnectError } from './connect-failure.js';
import { translateUndiciError } from './undici-failure.js';

const errorWith = (code: string): Error => Object.assign(new Error(`it said ${code}`), { code });

describe('an error while connecting', () => {
  it.each([
    ['tcp', 'ECONNREFUSED', 'connection_refused'],
    ['tcp', 'ECONNRESET', 'connection_refused'],
    ['tcp', 'EHOSTUNREACH', 'destination_unroutable'],
    ['tcp', 'ENETUNREACH', 'destination_unroutable'],
    ['tcp', 'ETIMEDOUT', 'connect_timeout'],
    ['tcp', 'ENOMEM', 'internal_error'],
    ['dns', 'ENOTFOUND', 'dns_error'],
    ['dns', 'ESERVFAIL', 'dns_error'],
    ['dns', 'ETIMEOUT', 'dns_timeout'],
    ['dns', 'EAI_AGAIN', 'dns_timeout'],
    ['tls', 'ECONNRESET', 'tls_error'],
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER', 'tls_error'],
    ['tls', 'CERT_HAS_EXPIRED', 'tls_certificate_error'],
    ['tls', 'CERT_NOT_YET_VALID', 'tls_certificate_error'],
    ['tls', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_certificate_error'],
    ['tls', 'SELF_SIGNED_CERT_IN_CHAIN', 'tls_certificate_error'],
    ['tls', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_certificate_error'],
    ['tls', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls_certificate_error'],
    ['tls', 'ERR_TLS_CERT_ALTNAME_INVALID', 'tls_certificate_error'],
    ['tls', 'HOSTNAME_MISMATCH', 'tls_certificate_error'],
    ['tls', 'INVALID_PURPOSE', 'tls_certificate_error'],
  ] as [ConnectStage, string, string][])('in %s with code %s is %s, and keeps its cause', (stage, code, expected) => {
    const error = errorWith(code);
    const failed = translateConnectError(stage, error, 'api.test:443');
    expect(failed.code).toBe(expected);
    expect(failed.cause).toBe(error);
    expect(failed.detail).toBe(`api.test:443: it said ${code}`);
  });

  it.each([
    ['EMFILE', 'raise LimitNOFILE='],
    ['ENFILE', 'raise fs.file-max'],
    ['ENOBUFS', 'look at net.ipv4.tcp_mem'],
  ])('of this machine (%s) is no fault of the target, and names its cure', (code, cure) => {
    const failed = translateConnectError('tcp', errorWith(code), 'api.test:443');
    expect(failed.code).toBe('overloaded');
    expect(failed.detail).toContain(code);
    expect(failed.detail).toContain(cure);
  });

  it('in TLS is told in words, without the source files of the library', () => {
    const text =
      '40D7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:355:\n';
    expect(translateConnectError('tls', new Error(text), 'api.test:443').detail).toBe(
      'api.test:443: wrong version number',
    );
  });
});

describe('an error on a connection', () => {
  const nothing = { written: false, answered: false, headed: false };
  it.each([
    ['ECONNRESET', nothing, 'connection_closed_unsent', true],
    ['ECONNRESET', { ...nothing, written: true }, 'connection_closed', true],
    ['UND_ERR_SOCKET', { ...nothing, written: true, answered: true }, 'response_incomplete', true],
    ['EPIPE', { written: true, answered: true, headed: true }, 'response_incomplete', true],
    [
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
      { written: true, answered: true, headed: true },
      'response_incomplete',
      true,
    ],
    [
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
      { written: true, answered: true, headed: false },
      'response_malformed',
      false,
    ],
    ['UND_ERR_HEADERS_OVERFLOW', { ...nothing, written: true, answered: true }, 'response_head_too_large', false],
    ['UND_ERR_INVALID_ARG', nothing, 'bad_request', false],
    ['ERR_ASSERTION', { written: true, answered: true, headed: false }, 'response_malformed', false],
    ['ERR_ASSERTION', nothing, 'internal_error', false],
    ['ERR_SOMETHING_NEW', nothing, 'internal_error', false],
  ])('with code %s at %j is %s', (code, progress, expected, closed) => {
    const translated = translateUndiciError(errorWith(code), progress);
    expect([translated.failure.code, translated.closed]).toEqual([expected, closed]);
    expect(translated.failure.cause).toBeInstanceOf(Error);
  });

  it.each([
    ['Invalid EOF state', 'response_incomplete', true],
    ['Invalid character in chunk size', 'response_malformed', false],
  ])('of the parser (%s) is %s', (reason, expected, closed) => {
    const error = new errors.HTTPParserError(`Response does not match the HTTP/1.1 protocol (${reason})`);
    const translated = translateUndiciError(error, { written: true, answered: true, headed: true });
    expect([translated.failure.code, translated.closed]).toEqual([expected, closed]);
  });
});
