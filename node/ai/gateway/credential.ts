/** How a request to a provider is made the account's own: the fields that hold its key, or that are made with it. Pure. */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { AiProviderSpec } from '@weir/proto/snapshot/ai.js';
import { type AwsKeys, type Digests, signatureHeaders } from '../aws/sigv4.js';
import type { Credential, ProviderRequest } from '../provider.js';

/** What a signature is made over. */
export interface Signable {
  readonly asked: Pick<ProviderRequest, 'path' | 'query'> & { readonly method: string };
  readonly body: Uint8Array;
  /** As the provider gets it; empty where its targets have several. */
  readonly host: string;
}

export interface Signing {
  readonly digests: Digests;
  wallMs(): number;
}

export type CredentialFields = (signable: Signable) => HeaderList;

/** Throws where the gateway can't do what the provider asks for: that is a fault of the configuration, told before any request. */
export function credentialOf(
  credential: Credential,
  spec: AiProviderSpec,
  secret: string,
  signing: Signing,
): CredentialFields {
  switch (credential.kind) {
    case 'none':
      return () => [];
    case 'bearer':
      return constant(['authorization', `Bearer ${secret}`], spec);
    case 'header':
      return constant([credential.name, `${credential.prefix}${secret}`], spec);
    case 'sigv4':
      return signed(credential.service, spec, secret, signing);
    default:
      throw new Error(
        `the AI provider "${spec.id}" needs credentials of the kind "${credential.kind}", which this version can't make`,
      );
  }
}

function constant(fields: readonly [name: string, value: string], { id }: AiProviderSpec): CredentialFields {
  // A key that was pasted with its line end would break every request in a way that names nothing.
  if (!isSendable(fields[1])) throw malformed(id);
  return () => fields;
}

function signed(service: string, spec: AiProviderSpec, secret: string, signing: Signing): CredentialFields {
  const keys = awsKeys(secret);
  if (keys === null) {
    throw new Error(
      `a key of the AI provider "${spec.id}" is not of the form \`accessKeyId:secretAccessKey\`, with \`:sessionToken\` behind it if there is one`,
    );
  }
  const region = spec.settings['region'] ?? '';
  return ({ asked, body, host }) => {
    const { method, path, query } = asked;
    const signable = { method, path, query, headers: ['host', host, 'content-type', 'application/json'], body };
    return signatureHeaders(signable, keys, { region, service, nowMs: signing.wallMs() }, signing.digests);
  };
}

/** None of the three has a colon in it. */
function awsKeys(secret: string): AwsKeys | null {
  const [accessKeyId = '', secretAccessKey = '', sessionToken = null, ...more] = secret.split(':');
  if (![accessKeyId, secretAccessKey].every(isSendable) || more.length > 0) return null;
  return sessionToken === null || isSendable(sessionToken) ? { accessKeyId, secretAccessKey, sessionToken } : null;
}

function isSendable(value: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value);
}

function malformed(id: string): Error {
  return new Error(`a key of the AI provider "${id}" is empty, or holds what can't stand in a header field`);
}
