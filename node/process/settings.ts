/** What a node process is told by its parent before the first message: a few variables of the environment. */
import { type Address, parseAddress } from '@weir/proto/bus/address.js';
import type { NatsFiles } from '@weir/proto/bus/nats-files.js';
import { type NatsPlace, readNatsPlace } from '@weir/proto/bus/nats-place.js';
import { shownRedisAddress } from '@weir/proto/bus/redis-address.js';
import { isWord } from '@weir/proto/bus/subject.js';
import { isLabel, labelsMax } from '@weir/proto/events/labels.js';
import { type Environment, fillReferences } from '@weir/proto/snapshot/secret-text.js';

export interface NodeSettings {
  readonly metrics: Address;
  /** URL of the Redis that nodes share, with its credentials; null for a node on its own. */
  readonly redis: string | null;
  /** Null: a node by itself. */
  readonly cluster: ClusterSettings | null;
  /** Whether other processes of this machine listen on the same port of traffic. */
  readonly sharesPort: boolean;
  /** What its operator calls it by, such as `zone=a`; a canary may be chosen by it. */
  readonly labels: readonly string[];
}

export interface ClusterSettings {
  readonly cluster: string;
  /** The name of this node in it, the same after a restart. */
  readonly id: string;
  /** Null: the bus is that of the parent process. */
  readonly nats: {
    readonly place: NatsPlace;
    readonly files: NatsFiles;
    /** Public keys that control's entries of the purge log are believed from. */
    readonly trust: readonly string[];
  } | null;
}

/** Where metrics and health are served, as `host:port`. */
export const METRICS_VARIABLE = 'WEIR_METRICS';

/** Where Redis is, as a URL in which `${NAME}` stands for a variable of the environment. */
export const REDIS_VARIABLE = 'WEIR_REDIS';

/** Where NATS is, as URLs with commas between them, in which `${NAME}` stands for a variable of the environment. */
export const NATS_VARIABLE = 'WEIR_NATS';

/** Paths of files that a connection to NATS needs. */
export const NATS_FILE_VARIABLES: Readonly<Record<keyof NatsFiles, string>> = {
  creds: 'WEIR_NATS_CREDS',
  nkey: 'WEIR_NATS_NKEY',
  ca: 'WEIR_NATS_CA',
  cert: 'WEIR_NATS_CERT',
  key: 'WEIR_NATS_KEY',
};

/** Public keys of control with commas between them. */
export const TRUST_VARIABLE = 'WEIR_TRUST';

/** The name of the cluster, and that of this node in it; without the second there is no cluster. */
export const CLUSTER_VARIABLE = 'WEIR_CLUSTER';
export const ID_VARIABLE = 'WEIR_ID';
export const CLUSTER_DEFAULT = 'main';

/** `yes` where several node processes listen on one port. */
export const SHARED_PORT_VARIABLE = 'WEIR_SHARED_PORT';

/** Labels with commas between them: `zone=a,rack=7`. */
export const LABELS_VARIABLE = 'WEIR_LABELS';

export function readNodeSettings(env: Environment): NodeSettings {
  const text = env[METRICS_VARIABLE] ?? '127.0.0.1:9090';
  const metrics = parseAddress(text);
  if (metrics === null) throw new Error(`${METRICS_VARIABLE} is not host:port: ${text}`);
  const sharesPort = env[SHARED_PORT_VARIABLE] === 'yes';
  return {
    metrics,
    redis: readRedis(env),
    cluster: readCluster(env),
    sharesPort,
    labels: readLabels(env[LABELS_VARIABLE] ?? ''),
  };
}

/** Throws for what is none, and for too many. */
export function readLabels(text: string): readonly string[] {
  const labels = text === '' ? [] : text.split(',');
  const wrong = labels.find((label) => !isLabel(label));
  if (wrong !== undefined) throw new Error(`"${wrong}" is no label: write NAME=VALUE, of letters, digits, . - and _`);
  if (labels.length > labelsMax) throw new Error(`no more than ${labelsMax} labels are told`);
  return labels;
}

/** Nothing of it is told in an error: it may hold a password. */
function readRedis(env: Environment): string | null {
  const template = env[REDIS_VARIABLE] ?? '';
  if (template === '') return null;
  const { text, missing } = fillReferences(template, env);
  if (missing.length > 0) throw new Error(`${REDIS_VARIABLE} needs ${missing.join(', ')}, which the environment lacks`);
  if (shownRedisAddress(text) === null) throw new Error(`${REDIS_VARIABLE} is not a redis:// or rediss:// URL`);
  return text;
}

function readCluster(env: Environment): ClusterSettings | null {
  const id = env[ID_VARIABLE] ?? '';
  const template = env[NATS_VARIABLE] ?? '';
  if (id === '') {
    if (template !== '') throw new Error(`${NATS_VARIABLE} is set and ${ID_VARIABLE} is not: a member needs a name`);
    return null;
  }
  const cluster = env[CLUSTER_VARIABLE] || CLUSTER_DEFAULT;
  for (const [variable, word] of [[ID_VARIABLE, id] as const, [CLUSTER_VARIABLE, cluster] as const])
    if (!isWord(word)) throw new Error(`${variable} is "${word}": letters, digits, - and _ only`);
  if (template === '') return { cluster, id, nats: null };
  const read = readNatsPlace(template, env);
  if (!read.ok) throw new Error(`${NATS_VARIABLE}: ${read.reason}`);
  const file = (name: keyof NatsFiles): string => env[NATS_FILE_VARIABLES[name]] ?? '';
  const files = { creds: file('creds'), nkey: file('nkey'), ca: file('ca'), cert: file('cert'), key: file('key') };
  const trust = (env[TRUST_VARIABLE] ?? '').split(',').filter((key) => key !== '');
  if (trust.length === 0)
    throw new Error(`${NATS_VARIABLE} is set and ${TRUST_VARIABLE} is not: whose purges are right?`);
  return { cluster, id, nats: { place: read.place, files, trust } };
}
