/**
 * Files of real servers through the gateway, with the config that newcomers start with: the same bytes, the same answers
 * to Range and conditional requests and to HEAD, over connections that stay open. What the server itself answers,
 * asked directly, is what is right.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { ensureBuilt, root } from '../support/built.js';
import { startNginx, startPython } from '../support/file-servers.js';
import { patternBlocks } from '../support/pattern.js';
import { onStage, type Stage } from '../support/stage.js';
import { weirUp } from '../support/weir-up.js';
import { type Report, showBytes } from './campaign.js';

export interface FilesScale {
  readonly sizesBytes: readonly number[];
}

const KIB = 1_024;
const MIB = 1_048_576;
export const fullFiles: FilesScale = {
  sizesBytes: [0, 1, 10 * KIB, 64 * KIB + 1, MIB, 64 * MIB, 1_024 * MIB],
};

/** The file that partial and conditional requests are made for; larger than any buffer on the way. */
const SAMPLE_BYTES = 3 * MIB + 17;

type Fields = Readonly<Record<string, string>>;

interface Seen {
  readonly status: number;
  readonly headers: Fields;
  readonly bytes: number;
  readonly digest: string;
}

export function runFiles({ sizesBytes }: FilesScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const folder = stage.folder();
    for (const size of [...sizesBytes, SAMPLE_BYTES]) await writePattern(join(folder, `${size}.bin`), size);
    const figures: Record<string, string | number> = {};
    const broken: string[] = [];
    for (const [name, start] of [
      ['python3 -m http.server', startPython],
      ['nginx', startNginx],
    ] as const) {
      const check = await compareServer(stage, await start(stage, folder), sizesBytes);
      figures[name] = check.figure;
      broken.push(...check.broken.map((what) => `${name}: ${what}`));
    }
    return { figures, broken };
  });
}

async function compareServer(stage: Stage, serverPort: number, sizesBytes: readonly number[]) {
  const quickstart = readFileSync(join(root, 'deploy', 'examples', 'quickstart.yaml'), 'utf8');
  const config = quickstart
    .replace('listen: 127.0.0.1:8080', 'listen: "127.0.0.1:0"')
    .replace('http://127.0.0.1:9000', `http://127.0.0.1:${serverPort}`);
  const weir = await weirUp(stage, config);
  const direct = clientOf(stage, 'the server', serverPort, false);
  const through = clientOf(stage, 'weir', weir.port, true);
  const broken: string[] = [];
  let requests = 0;
  let bytes = 0;
  const compare = async (method: string, path: string, fields: Fields): Promise<void> => {
    const right = await direct.ask(method, path, fields);
    const got = await through.ask(method, path, fields);
    requests += 1;
    bytes += got.bytes;
    const difference = differenceOf(right, got);
    if (difference !== null) broken.push(`${method} ${path} ${JSON.stringify(fields)}: ${difference}`);
  };
  const startedAtMs = performance.now();
  for (const size of sizesBytes) await compare('GET', `/${size}.bin`, {});
  const sample = await direct.ask('HEAD', `/${SAMPLE_BYTES}.bin`, {});
  for (const [method, path, fields] of partialRequests(sample)) await compare(method, path, fields);
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  const { connections, statuses } = through;
  if (connections() !== 1) broken.push(`the client needed ${connections()} connections`);
  const shown = [...statuses].map(([status, count]) => `${status}: ${count}`).join(', ');
  return { figure: `${requests} requests (${shown}), ${showBytes(bytes)} in ${seconds} s, 1 connection`, broken };
}

function partialRequests({ headers }: Seen): [method: string, path: string, fields: Fields][] {
  const path = `/${SAMPLE_BYTES}.bin`;
  const etag = headers['etag'] ?? '"none"';
  const modified = headers['last-modified'] ?? new Date(0).toUTCString();
  return [
    ['HEAD', path, {}],
    ['GET', '/missing.bin', {}],
    ['HEAD', '/missing.bin', {}],
    ['GET', path, { range: 'bytes=0-0' }],
    ['GET', path, { range: 'bytes=1000000-2000000' }],
    ['GET', path, { range: 'bytes=-500' }],
    ['GET', path, { range: `bytes=${SAMPLE_BYTES - 1}-` }],
    ['GET', path, { range: 'bytes=0-99,1000-1099,-10' }],
    ['GET', path, { range: `bytes=${SAMPLE_BYTES}-` }],
    ['HEAD', path, { range: 'bytes=0-99' }],
    ['GET', path, { range: 'bytes=0-99', 'if-range': etag }],
    ['GET', path, { range: 'bytes=0-99', 'if-range': '"another"' }],
    ['GET', path, { 'if-none-match': etag }],
    ['GET', path, { 'if-none-match': '"another"' }],
    ['HEAD', path, { 'if-none-match': etag }],
    ['GET', path, { 'if-modified-since': modified }],
    ['GET', path, { 'if-modified-since': new Date(0).toUTCString() }],
    ['GET', path, { 'if-match': '"another"' }],
    ['GET', path, { 'if-unmodified-since': new Date(0).toUTCString() }],
  ];
}

/** Fields that say what the body is; those of the connection are each hop's own. */
const MUST_AGREE = [
  'content-length',
  'content-type',
  'content-range',
  'accept-ranges',
  'etag',
  'last-modified',
  'server',
];

function differenceOf(right: Seen, got: Seen): string | null {
  if (right.status !== got.status) return `status ${got.status}, not ${right.status}`;
  for (const name of MUST_AGREE) {
    const [theirs, ours] = [right.headers[name], got.headers[name]].map((value) => withoutBoundary(value ?? ''));
    if (theirs !== ours) return `${name} is ${JSON.stringify(ours)}, not ${JSON.stringify(theirs)}`;
  }
  if (right.digest !== got.digest) return `another body: ${got.bytes} bytes, not ${right.bytes}`;
  return null;
}

function withoutBoundary(value: string): string {
  return value.replace(/boundary=\S+/, 'boundary=');
}

function clientOf(stage: Stage, name: string, port: number, keepAlive: boolean) {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  stage.onEnd(() => agent.destroy());
  const statuses = new Map<number, number>();
  const sockets = new Set<unknown>();
  return {
    statuses,
    connections: () => sockets.size,
    async ask(method: string, path: string, headers: Fields): Promise<Seen> {
      const asked = request({ host: '127.0.0.1', port, method, path, headers, agent });
      asked.on('socket', (socket) => sockets.add(socket));
      asked.end();
      const [response] = (await once(asked, 'response').catch((cause: unknown) => {
        throw new Error(`${method} ${path} ${JSON.stringify(headers)} got no answer from ${name}`, { cause });
      })) as [IncomingMessage]; // The event's one argument.
      const seen = await read(response);
      statuses.set(seen.status, (statuses.get(seen.status) ?? 0) + 1);
      return seen;
    },
  };
}

async function read(response: IncomingMessage): Promise<Seen> {
  const headers = response.headers as Fields; // None of the fields that are compared may repeat, so all are texts.
  // nginx numbers the boundary of each multi-range answer; the number is taken out of the body, which is short.
  const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1];
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    hash.update(boundary === undefined ? chunk : chunk.toString('latin1').replaceAll(boundary, ''));
  }
  return { status: response.statusCode ?? 0, headers, bytes, digest: hash.digest('hex') };
}

async function writePattern(path: string, totalBytes: number): Promise<void> {
  const file = createWriteStream(path);
  for (const block of patternBlocks(totalBytes)) if (!file.write(block)) await once(file, 'drain');
  file.end();
  await once(file, 'close');
}
