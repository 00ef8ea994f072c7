/** Reads a config file into a snapshot: the edge around parse, lint and compile. Used by `up` at start and on reload. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Fault, type Finding, shownPath } from '@weir/proto/config/faults.js';
import { bounded } from '@weir/proto/config/parse.js';
import { sourceBytesMax } from '@weir/proto/config/yaml-source.js';
import type { Environment } from '@weir/proto/snapshot/secret-text.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { type CheckedConfig, checkConfig, withFindings } from './check-config.js';
import { checkFiles } from './check-files.js';
import { compileSnapshot, compilingServices } from './compile.js';
import { createPasswordHasher, sha256Hex } from './credential-hashes.js';
import { lintVectorsWithoutRedis } from './lint-ai-cache.js';
import { lintStrictBudgets } from './lint-budgets.js';
import { lintWithoutRedis } from './lint-cache.js';
import { lintStrictWithoutRedis } from './lint-limits.js';
import type { ManagedConfig, ManagedService } from './managed/managed-config.js';
import { mergeManaged } from './managed/merge-managed.js';

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly text: string;
      readonly snapshot: Snapshot;
      readonly warnings: readonly Fault[];
      /** `TEAM/NAME` of secrets of the registry that nodes need for it. */
      readonly secrets: readonly string[];
    }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export interface LoadContext {
  readonly environment: Environment;
  readonly version: number;
  readonly createdWallMs: number;
  /** Whether the nodes are started with `--redis`; left out: not known. */
  readonly hasRedis?: boolean;
  /** What the registry adds to that config; left out: there is none. */
  readonly managed?: (config: WeirConfig) => ManagedConfig;
}

/** One for the process: it remembers hashes, so that an unchanged password leaves a snapshot unchanged. */
const hashPassword = createPasswordHasher();

export async function loadConfig(file: string, context: LoadContext): Promise<LoadedConfig> {
  const read = await readAndCheck(file, context);
  return read.ok ? compiled(read.text, read.checked, context) : read;
}

export type ReadConfig =
  | { readonly ok: true; readonly text: string; readonly checked: CheckedConfig }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** A file as it is now, for whoever compiles it more than once. */
export async function readAndCheck(file: string, context: LoadContext): Promise<ReadConfig> {
  const text = await readConfigFile(file);
  if (typeof text !== 'string') return { ok: false, faults: [text] };
  return { ok: true, text, checked: await checkWithFiles(text, context.environment, context.createdWallMs) };
}

export function loadText(text: string, context: LoadContext): LoadedConfig {
  return compiled(text, checkConfig(text, context.environment, sha256Hex), context);
}

/** Ahead of `loadChecked`, piece by piece: what it would have to do for all services that have changed. It makes the rest of it in one piece. */
export function* preparing(
  checked: CheckedConfig,
  services: (config: WeirConfig) => Generator<void, readonly ManagedService[]>,
): Generator<void, void> {
  if (checked.ok) yield* compilingServices(checked.config, yield* services(checked.config), sha256Hex);
}

/** What has been checked in the same environment, by whoever took it. */
export function loadChecked(text: string, checked: CheckedConfig, context: LoadContext): LoadedConfig {
  return compiled(text, checked, context);
}

/**
 * Checks texts, and remembers the latest: what is appended as a revision is checked by whoever takes it, and compiled right after. With
 * a thousand routes the check is most of both, 200 ms of CPU on the machine where the rest of compiling took 20.
 */
export function createCheck(environment: Environment): (text: string) => CheckedConfig {
  let latest: { readonly text: string; readonly checked: CheckedConfig } | null = null;
  return (text) => {
    if (latest?.text !== text) latest = { text, checked: checkConfig(text, environment, sha256Hex) };
    return latest.checked;
  };
}

/** The config, and the certificates and keys that it names. */
export async function checkWithFiles(text: string, environment: Environment, nowMs: number): Promise<CheckedConfig> {
  const checked = checkConfig(text, environment, sha256Hex);
  return checked.ok ? withFindings(checked, await checkFiles(checked.config, environment, nowMs)) : checked;
}

function compiled(text: string, checked: CheckedConfig, context: LoadContext): LoadedConfig {
  if (!checked.ok) return checked;
  const { config } = checked;
  const absent =
    context.hasRedis === false
      ? checked.place([
          ...lintWithoutRedis(config),
          ...lintStrictWithoutRedis(config),
          ...lintStrictBudgets(config),
          ...lintVectorsWithoutRedis(config),
        ])
      : [];
  const faults = absent.filter(({ severity }) => severity === 'error');
  if (faults.length > 0) return { ok: false, faults };
  const { managed: managedBy, ...rest } = context;
  const hashes = { sha256Hex, hashPassword };
  const warnings = [...checked.warnings, ...absent];
  if (managedBy === undefined) {
    const snapshot = compileSnapshot(config, { ...rest, ...hashes });
    return { ok: true, text, snapshot, warnings: bounded(warnings), secrets: [] };
  }
  const managed = managedBy(config);
  const merged = mergeManaged(config, managed);
  const snapshot = compileSnapshot(config, { ...rest, ...hashes, managed: { ...merged, number: managed.number } });
  const told = merged.findings.map(asFault);
  return { ok: true, text, snapshot, warnings: bounded([...warnings, ...told]), secrets: merged.secrets };
}

/** Of what stands in no file. */
function asFault({ severity, path, message, cure }: Finding): Fault {
  return { severity, line: 1, column: 1, path: shownPath(path), message, cure };
}

/** The text of a file, or the fault that it cannot be read. Reads no more than a config may have: /dev/zero is a file too. */
export async function readConfigFile(file: string): Promise<string | Fault> {
  try {
    // Opening a pipe waits for its writer, so a pipe that nobody writes to would be waited for without end.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if ((await handle.stat()).isFIFO()) return unreadable('this is a pipe, not a file');
      return await readBounded(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return unreadable(reasons[code] ?? `the file cannot be read${code === '' ? '' : ` (${code})`}`);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  EACCES: 'the file may not be read by this user',
  EISDIR: 'this is a folder, not a file',
};

/** As of a file, of what comes from another program; waits for its end. */
export async function readConfigStream(stream: AsyncIterable<Uint8Array>): Promise<string | Fault> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    length += piece.length;
    if (length > sourceBytesMax) break;
  }
  return decoded(Buffer.concat(pieces));
}

async function readBounded(handle: Awaited<ReturnType<typeof open>>): Promise<string | Fault> {
  // One byte more than allowed, so that a file that is too large shows itself to the parser as such.
  const bytes = new Uint8Array(sourceBytesMax + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return decoded(bytes.subarray(0, length));
}

function decoded(bytes: Uint8Array): string | Fault {
  if (bytes.length > sourceBytesMax) return unreadable(`the file is larger than ${sourceBytesMax / 1024 / 1024}MiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return unreadable('the file is not UTF-8 text');
  }
}

function unreadable(message: string): Fault {
  return { severity: 'error', line: 1, column: 1, path: '', message, cure: null };
}
