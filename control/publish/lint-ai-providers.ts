/** What is said about providers of models and can't work, or shows a key to those who shall not see it. */
import { COMPATIBLE, factsOf, keyExample, type ProviderFacts } from '@weir/proto/ai/providers.js';
import type { Ai } from '@weir/proto/config/ai.js';
import type { AiProvider } from '@weir/proto/config/ai-providers.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import { closest } from '@weir/proto/config/suggest.js';
import { usualAddress } from './compile-ai.js';

export interface KeyKnowledge {
  /** A key with its references filled, or null while one is missing. */
  readonly fill: (template: string) => string | null;
  /** SHA-256 of such a key: two references may hold the same one. */
  readonly keyHash: (template: string) => string;
}

export function lintProviders({ providers }: Ai, known: KeyKnowledge): Finding[] {
  return providers.flatMap((provider) => {
    const facts = factsOf(provider.kind);
    const path: Path = ['ai', 'providers', provider.place];
    if (facts === null) return [];
    return [
      ...lintSettings(provider, facts, path),
      ...lintPlace(provider, facts, path),
      ...lintWords(provider, facts, path),
      ...lintKeys(provider, facts, path),
      ...lintSecrets(provider, facts, [...path, 'keys'], known),
    ];
  });
}

function lintSettings({ settings, url, compatible }: AiProvider, facts: ProviderFacts, path: Path): Finding[] {
  const at: Path = [...path, 'settings'];
  const missing = facts.settings.flatMap(({ name, about, need }) => {
    const isNeeded = need === 'always' || (need === 'unless-url' && url.length === 0);
    if (!isNeeded || settings[name] !== undefined) return [];
    const or = need === 'unless-url' ? ', or name a `url`' : '';
    return [findError(at, `${facts.title} needs the setting ${name}`, `add settings: { ${name}: … }${or}. ${about}`)];
  });
  const inPaths = [compatible?.chatPath ?? '', ...url.map((one) => one.url.basePath)].join(' ');
  const known = [
    ...facts.settings.map(({ name }) => name),
    ...[...inPaths.matchAll(/(?:\{|%7B)(\w+)(?:\}|%7D)/gi)].map(([, name = '']) => name),
  ];
  const unknown = Object.keys(settings).flatMap((name) => {
    if (known.includes(name)) return [];
    const meant = closest(name, known);
    const others = known.length === 0 ? 'it has no settings' : `its settings are ${known.join(', ')}`;
    const cure = meant === null ? others : `did you mean ${meant}?`;
    return [findWarning([...at, name], `${facts.title} knows no setting ${name}`, cure)];
  });
  return [...missing, ...unknown];
}

function lintPlace({ settings, url }: AiProvider, facts: ProviderFacts, path: Path): Finding[] {
  if (url.length === 0) {
    if (facts.url === null)
      return [findError(path, 'it is not said where its API lies', 'add url: https://llm.example.com/v1')];
    const isTold = facts.settings.every(({ name, need }) => need === 'never' || settings[name] !== undefined);
    if (!isTold || usualAddress(facts, settings) !== null) return [];
    return [findError([...path, 'settings'], 'with these settings the URL of its API is none', 'correct them')];
  }
  const usual =
    facts.kind === COMPATIBLE || facts.url === null ? '' : new URL(facts.url.replace(/\{\w+\}/g, 'x')).pathname;
  if (usual.length < 2 || url.some((one) => one.url.basePath !== '')) return [];
  const message = `the URL has no path, and the API of ${facts.title} usually lies below ${usual}`;
  return [findWarning([...path, 'url'], message, `add ${usual} to it`)];
}

function lintWords({ compatible }: AiProvider, facts: ProviderFacts, path: Path): Finding[] {
  if (compatible === undefined || facts.isCompatible) return [];
  const message = `${facts.title} has an API of its own, so there is nothing to say of how it departs from OpenAI's`;
  return [findError([...path, 'compatible'], message, 'remove it, or write kind: compatible')];
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

function lintKeys({ keys, url, compatible }: AiProvider, facts: ProviderFacts, path: Path): Finding[] {
  const findings: Finding[] = [];
  if (keys.length === 0 && url.length === 0 && facts.keyVariables.length > 0) {
    const message = `${facts.title} is asked without a key`;
    findings.push(findWarning(path, message, `add keys: "${keyExample(facts)}"`));
  }
  if (keys.length > 0 && compatible?.credential?.kind === 'none') {
    const message = 'the keys are never sent: the credential is none';
    findings.push(findWarning([...path, 'keys'], message, 'remove one of them'));
  }
  const open = url.find((one) => one.url.scheme === 'http' && !LOOPBACK.test(one.url.host));
  if (keys.length > 0 && open !== undefined) {
    const message = `keys go to ${open.url.host} in plain text, for everyone in between to read`;
    findings.push(findWarning([...path, 'url'], message, 'write https'));
  }
  return findings;
}

/** What a header field can hold without being changed on its way. */
const SENDABLE = /^[\x21-\x7e]+$/;

/** None of them is shown: what they are is nobody's business. */
function lintSecrets({ keys }: AiProvider, { kind }: ProviderFacts, at: Path, known: KeyKnowledge): Finding[] {
  const ids = new Set<string>();
  const owners = new Set<string>();
  return keys.flatMap(({ key, id }, index) => {
    const findings: Finding[] = [];
    if (id !== undefined && ids.has(id))
      findings.push(findError([...at, index, 'id'], `the key ${id} is there already`, 'give each an id of its own'));
    if (id !== undefined) ids.add(id);
    const identity = known.keyHash(key);
    if (owners.has(identity)) {
      const cure = 'remove it; a larger share is a weight';
      findings.push(findWarning([...at, index], 'this key is here a second time', cure));
    }
    owners.add(identity);
    const filled = known.fill(key);
    // The JSON of a service account is not sent itself.
    if (kind === 'vertex') {
      if (filled !== null && !isServiceAccount(filled)) {
        const cure = 'set its variable to the whole JSON file of a service account';
        findings.push(findError([...at, index], 'this key is no file of a service account', cure));
      }
    } else if (filled !== null && !SENDABLE.test(filled)) {
      const cure = 'set its variable without spaces and line ends, as the provider gave it';
      findings.push(findError([...at, index], 'this key holds what no key does, such as a line end', cure));
    }
    return findings;
  });
}

/** What a node needs of it to ask for tokens; whether the key in it is one, the node sees. */
function isServiceAccount(file: string): boolean {
  try {
    const read: unknown = JSON.parse(file);
    const parts = ['type', 'client_email', 'private_key'].map((name) => memberOf(read, name));
    return parts[0] === 'service_account' && parts.every((part) => typeof part === 'string' && part !== '');
  } catch {
    return false;
  }
}

function memberOf(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null
    ? Object.entries(from).find(([key]) => key === name)?.[1]
    : undefined;
}
