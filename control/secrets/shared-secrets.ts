/**
 * Secrets of teams at a control of a cluster: sealed with a key that all of them have been given, and told to hosts that ask, sealed for each. A
 * control without that key, or with another one, says so, takes no secret, publishes nothing that names one, and is silent when it is asked:
 * the others go on. Whether a key is the right one is seen by what is there: it opens some of it, or there is nothing.
 */
import { type SecretsAnswer, type SecretsQuestion, secretsAnswerCharsMax } from '@weir/proto/events/secrets.js';
import { sealFor } from '@weir/proto/signing/sealed-box.js';
import { type Signer, sealFrame } from '@weir/proto/signing/signed-frame.js';
import type { Secret } from '../model/entities.js';
import type { Registry } from '../registry/registry.js';
import type { Sealing } from './seal.js';

export interface SharedSecretsParts {
  readonly registry: Pick<Registry, 'get' | 'all' | 'number'>;
  /** Null: this control was given no key. */
  readonly sealing: Sealing | null;
  readonly cluster: string;
  readonly signer: Signer;
}

export interface SharedSecrets {
  /** Throws where `whyNot` says why. */
  seal(id: string, text: string): string;
  /** Why this control takes no secrets; null: it does. */
  whyNot(): string | null;
  /** What keeps it from knowing the secrets that there are; empty: nothing, or there are none. */
  trouble(): string;
  /** Whether nodes could be given it, as far as this control can tell: without the right key it can't, and publishes none. */
  canOpen(secret: Secret): boolean;
  /** Null: others are to answer, or nobody. */
  answer(question: SecretsQuestion): Uint8Array | null;
}

const NO_KEY =
  'this control has no key for secrets of teams; give all controls the same one: --secret-key FILE, or WEIR_SECRET_KEY';
const OTHER_KEY =
  'the key for secrets of this control opens none of those that there are; give it the one that the other controls have, or delete what nobody can open any more';

export function sharedSecrets({ registry, sealing, cluster, signer }: SharedSecretsParts): SharedSecrets {
  const known = new WeakMap<Secret, string | null>();
  const open = (secret: Secret): string | null => {
    const before = known.get(secret);
    if (before !== undefined) return before;
    const text = sealing?.open(secret.id, secret.sealed) ?? null;
    known.set(secret, text);
    return text;
  };
  const looked = (): string => {
    let isAny = false;
    for (const secret of registry.all('secret')) {
      if (open(secret) !== null) return '';
      isAny = true;
    }
    if (!isAny) return '';
    return sealing === null ? NO_KEY : OTHER_KEY;
  };
  let latest = { number: -1, trouble: '' };
  const trouble = (): string => {
    const { number } = registry;
    if (latest.number !== number) latest = { number, trouble: looked() };
    return latest.trouble;
  };
  const whyNot = (): string | null => {
    if (sealing === null) return NO_KEY;
    return trouble() === '' ? null : OTHER_KEY;
  };
  return {
    whyNot,
    trouble,
    seal(id, text) {
      const why = whyNot();
      if (sealing === null || why !== null) throw new Error(why ?? NO_KEY);
      return sealing.seal(id, text);
    },
    canOpen: (secret) => open(secret) !== null || trouble() !== '',
    answer(question) {
      if (sealing === null || registry.number < question.registry || trouble() !== '') return null;
      const told = Buffer.from(JSON.stringify(answerTo(question, registry, open)));
      return sealFrame(sealFor(question.boxKey, told), { cluster, purpose: 'secrets' }, signer);
    },
  };
}

/** As much as fits: who asks sees what is left. */
function answerTo(
  { id, nonce, names }: SecretsQuestion,
  registry: SharedSecretsParts['registry'],
  open: (secret: Secret) => string | null,
): SecretsAnswer {
  const values: Record<string, string> = {};
  const absent: string[] = [];
  let chars = 0;
  for (const name of names) {
    const secret = registry.get('secret', name);
    const text = secret === null ? null : open(secret);
    chars += JSON.stringify(text).length + name.length;
    // One alone always fits: it has 8,192 characters at most.
    if (chars > secretsAnswerCharsMax) break;
    if (text === null) absent.push(name);
    else values[name] = text;
  }
  return { id, nonce, registry: registry.number, values, absent };
}
