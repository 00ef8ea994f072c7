/**
 * Looks into the certificates and keys that a config names: a file that is not there, a key that belongs to another
 * certificate, a certificate that has expired or soon will. An edge: reads files, on the machine that it runs on. So what is
 * missing is a warning only: the config may be checked on one machine and run on another.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import { type Environment, fillReferences } from '@weir/proto/snapshot/secret-text.js';

/** What is left of a certificate below which it is told of; a renewal that works comes earlier. */
const SOON_MS = 14 * 86_400_000;

interface Pair {
  readonly path: Path;
  readonly certFile: string;
  readonly keyFile: string;
  /** As it is written, with its references. */
  readonly passphrase: string | undefined;
}

export async function checkFiles(config: WeirConfig, environment: Environment, nowMs: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const pair of pairsOf(config)) findings.push(...(await checkPair(pair, environment, nowMs)));
  for (const [index, { tls }] of config.upstreams.entries()) {
    if (tls.caFile === undefined) continue;
    const at: Path = ['upstreams', index, 'tls', 'caFile'];
    const content = await contentOf(tls.caFile, at);
    findings.push(...(typeof content === 'string' ? checkCertificate(content, at, nowMs).findings : [content]));
  }
  return findings;
}

function pairsOf({ gateway, upstreams }: WeirConfig): Pair[] {
  const served = (gateway.tls?.certificates ?? []).map(
    ({ certFile, keyFile, passphrase }, index): Pair => ({
      path: ['gateway', 'tls', 'certificates', index],
      certFile,
      keyFile,
      passphrase,
    }),
  );
  const shown = upstreams.flatMap(({ tls: { certFile, keyFile } }, index): Pair[] =>
    certFile === undefined || keyFile === undefined
      ? []
      : [{ path: ['upstreams', index, 'tls'], certFile, keyFile, passphrase: undefined }],
  );
  return [...served, ...shown];
}

async function checkPair(pair: Pair, environment: Environment, nowMs: number): Promise<Finding[]> {
  const certAt: Path = [...pair.path, 'certFile'];
  const keyAt: Path = [...pair.path, 'keyFile'];
  const [cert, key] = [await contentOf(pair.certFile, certAt), await contentOf(pair.keyFile, keyAt)];
  const findings = [cert, key].filter((content): content is Finding => typeof content !== 'string');
  if (typeof cert !== 'string') return findings;
  const { certificate, findings: own } = checkCertificate(cert, certAt, nowMs);
  findings.push(...own);
  if (certificate === null || typeof key !== 'string') return findings;
  const filled = pair.passphrase === undefined ? null : fillReferences(pair.passphrase, environment);
  // A variable that is not set has been told of already.
  if (filled !== null && filled.missing.length > 0) return findings;
  try {
    const secret = createPrivateKey(filled === null ? key : { key, passphrase: filled.text });
    if (certificate.checkPrivateKey(secret)) return findings;
    const cure = `it belongs to another certificate than ${pair.certFile}; name the key that this one was made for`;
    return [...findings, findError(keyAt, 'key and certificate do not belong together', cure)];
  } catch {
    // The library's own words are not for people, and could quote the key.
    const cure = 'name a PEM file with a private key; one that is encrypted needs `passphrase`';
    return [...findings, findError(keyAt, `the key in ${pair.keyFile} cannot be read`, cure)];
  }
}

async function contentOf(file: string, at: Path): Promise<string | Finding> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    // `code` is how Node names errors of the system.
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown'})`;
    const cure = 'a path that does not begin with / is taken from the folder that weir is started in';
    return findWarning(at, `the file ${file} ${why} here`, cure);
  }
}

/** The first certificate of a file; those of its chain are its issuer's to renew. */
function checkCertificate(pem: string, at: Path, nowMs: number) {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    const cure = 'name a PEM file that begins with -----BEGIN CERTIFICATE-----';
    return { certificate: null, findings: [findError(at, 'this is no certificate', cure)] };
  }
  return { certificate, findings: validity(certificate, at, nowMs) };
}

function validity({ validFrom, validTo }: X509Certificate, at: Path, nowMs: number): Finding[] {
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  if (nowMs > toMs) return [findWarning(at, `the certificate expired on ${day(toMs)}`, 'renew it; clients refuse it')];
  if (nowMs < fromMs) return [findWarning(at, `the certificate is not valid before ${day(fromMs)}`, 'check the clock')];
  if (toMs - nowMs >= SOON_MS) return [];
  return [findWarning(at, `the certificate expires soon, on ${day(toMs)}`, 'renew it')];
}
