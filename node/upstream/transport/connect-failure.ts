/**
 * Translates what goes wrong before a connection stands: names, TCP, TLS. The one place where foreign connect errors
 * become failures; the cause stays attached. Pure.
 */
import { type Failure, type FailureCode, failure } from '@weir/proto/http/failures.js';

/** Where in connecting the error came. */
export type ConnectStage = 'dns' | 'tcp' | 'tls';

const TCP_CODES: Readonly<Record<string, FailureCode>> = {
  ECONNREFUSED: 'connection_refused',
  // A reset before the connection stands is a refusal by whatever is in front of the server.
  ECONNRESET: 'connection_refused',
  EHOSTUNREACH: 'destination_unroutable',
  ENETUNREACH: 'destination_unroutable',
  EHOSTDOWN: 'destination_unroutable',
  ENETDOWN: 'destination_unroutable',
  EADDRNOTAVAIL: 'destination_unroutable',
  EAFNOSUPPORT: 'destination_unroutable',
  EACCES: 'destination_unroutable',
  EPERM: 'destination_unroutable',
  ETIMEDOUT: 'connect_timeout',
  // Of this machine, not of the destination: it has as many descriptors or sockets open as it may.
  EMFILE: 'overloaded',
  ENFILE: 'overloaded',
  ENOBUFS: 'overloaded',
};

/** What this machine lacks, and what gives it back; Node's own text names neither. */
const MACHINE_LACKS: Readonly<Record<string, string>> = {
  EMFILE:
    'this node has as many files and sockets open as it may (EMFILE); raise LimitNOFILE= of its unit, or ulimit -n',
  ENFILE: 'this machine has as many files and sockets open as it may (ENFILE); raise fs.file-max',
  ENOBUFS: 'the kernel has no memory for another socket (ENOBUFS); look at net.ipv4.tcp_mem',
};

const DNS_TIMEOUTS: ReadonlySet<string> = new Set(['ETIMEOUT', 'ETIMEDOUT', 'EAI_AGAIN']);

/** Codes of OpenSSL's certificate verification (X509_V_ERR_*) as Node names them, and Node's own check of the name. */
const CERTIFICATE =
  /^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_(?:GET|VERIFY|DECODE|DECRYPT)_|CRL_|ERROR_IN_C|HOSTNAME_MISMATCH$|INVALID_(?:CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT)/;

/** OpenSSL's reason without its numbers, functions and source files: `…:wrong version number:../deps/…/ssl3_record.c:355:`. */
function tlsReason(message: string): string {
  return /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/i.exec(message)?.[1] ?? message;
}

export function translateConnectError(stage: ConnectStage, error: Error, destination: string): Failure {
  const code = 'code' in error ? String(error.code) : '';
  const more = { cause: error };
  const lacks = stage === 'tcp' ? MACHINE_LACKS[code] : undefined;
  const detail = `${destination}: ${lacks ?? (stage === 'tls' ? tlsReason(error.message) : error.message)}`;
  switch (stage) {
    case 'dns':
      return failure(DNS_TIMEOUTS.has(code) ? 'dns_timeout' : 'dns_error', detail, more);
    case 'tcp':
      // Anything else is of this machine, not of the destination.
      return failure(TCP_CODES[code] ?? 'internal_error', detail, more);
    case 'tls':
      return failure(CERTIFICATE.test(code) ? 'tls_certificate_error' : 'tls_error', detail, more);
  }
}
