/** How a request to a provider is made the account's own: the fields that hold its key, or that are made with it. Pure. */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { AiProviderSpec } from '@weir/proto/snapshot/ai.js';
import type { Credential, ProviderRequest } from '../provider.js';

/** What a signature is made over. */
export interface Signable {
  readonly asked: ProviderRequest;
  readonly body: Uint8Array;
}

export type CredentialFields = (signable: Signable) => HeaderList;

/** Throws where the gateway can't do what the provider asks for: that is a fault of the configuration, told before any request. */
export function credentialOf(credential: Credential, spec: AiProviderSpec, secret: string): CredentialFields {
  switch (credential.kind) {
    case 'none':
      return () => [];
    case 'bearer':
      return constant(['authorization', `Bearer ${secret}`], spec);
    case 'header':
      return constant([credential.name, `${credential.prefix}${secret}`], spec);
    default:
      throw new Error(
        `the AI provider "${spec.id}" needs credentials of the kind "${credential.kind}", which this version can't make`,
      );
  }
}

function constant(fields: readonly [name: string, value: string], { id }: AiProviderSpec): CredentialFields {
  // A key that was pasted with its line end would break every request in a way that names nothing.
  if (!/^[\x21-\x7e][\x20-\x7e]*$/.test(fields[1]) || fields[1].endsWith(' '))
    throw new Error(`a key of the AI provider "${id}" is empty, or holds what can't stand in a header field`);
  return () => fields;
}
