/**
 * A list of 1 MiB of which the client needs two fields of each item: what comes to it, and how long that takes over a line of a stated speed, with
 * and without `optimize`; then what a second look costs. Each answer is compared with what it must be.
 */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { brotliDecompressSync } from 'node:zlib';
import { ensureBuilt } from '../support/built.js';
import { onStage } from '../support/stage.js';
import { weirUp } from '../support/weir-up.js';
import { quantile, type Report, showMs } from './campaign.js';

export interface AnswersScale {
  readonly listBytes: number;
  readonly requests: number;
  /** Of the line between client and gateway. */
  readonly bitsPerSecond: number;
}

export const fullAnswers: AnswersScale = { listBytes: 1_048_576, requests: 200, bitsPerSecond: 20_000_000 };

const FIELDS = 'fields=items(id,name)';

interface Item {
  readonly id: number;
  readonly name: string;
  readonly [other: string]: unknown;
}

function listOf(bytes: number): readonly Item[] {
  const items: Item[] = [];
  for (let [id, length] = [0, 0]; length < bytes; id += 1) {
    const item: Item = {
      ...{
        id,
        name: `thing ${id}`,
        sku: `${(id * 7_919) % 100_003}-${id}`,
        price: { amount: (id * 331) % 9_973, currency: 'EUR' },
      },
      ...{ stock: id % 17, tags: ['a', 'b', `t${id % 40}`], rating: (id % 50) / 10 },
      description: `The thing of number ${id}, described in ${(id * 31) % 97} words of which few come again: ${((id * 2_654_435_761) >>> 0).toString(36)}.`,
    };
    length += JSON.stringify(item).length + 1;
    items.push(item);
  }
  return items;
}

interface Way {
  readonly name: string;
  readonly path: string;
  readonly headers: string;
  readonly body: string;
  readonly isCoded: boolean;
}

export function runAnswers(scale: AnswersScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const items = listOf(scale.listBytes);
    const list = JSON.stringify({ total: items.length, items });
    let asked = 0;
    const origin = createServer((_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(list);
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    stage.onEnd(() => void origin.close());
    const { port } = origin.address() as AddressInfo; // It listens at an address.
    const weir = await weirUp(stage, config(port));
    const wanted = JSON.stringify({ items: items.map(({ id, name }) => ({ id, name })) });
    const coded = 'accept-encoding: br\r\n';
    const ways: readonly Way[] = [
      { name: 'as it is', path: '/plain', headers: '', body: list, isCoded: false },
      { name: 'compressed', path: '/small', headers: coded, body: list, isCoded: true },
      { name: 'two fields', path: `/small?${FIELDS}`, headers: '', body: wanted, isCoded: false },
      { name: 'two fields, compressed', path: `/small?${FIELDS}`, headers: coded, body: wanted, isCoded: true },
      { name: 'the same, from the cache', path: `/cached?${FIELDS}`, headers: coded, body: wanted, isCoded: true },
    ];
    const figures: Record<string, string> = { 'the list': `${list.length} bytes, ${items.length} items` };
    const broken: string[] = [];
    let whole = 0;
    for (const way of ways) {
      const told = await measure(weir.port, way, scale, broken);
      if (whole === 0) whole = told.bytes;
      figures[way.name] = `${told.bytes} bytes (${((100 * told.bytes) / whole).toFixed(1)} %), p50 ${showMs(told.p50)}`;
    }
    const before = asked;
    const again = await ask(weir.port, `/cached?${FIELDS}`, coded, Number.POSITIVE_INFINITY);
    const same = await ask(
      weir.port,
      `/cached?${FIELDS}`,
      `${coded}if-none-match: ${again.etag}\r\n`,
      Number.POSITIVE_INFINITY,
    );
    figures['asked again with its tag'] =
      `${same.status}, ${same.body.length} bytes, ${asked - before} requests to the upstream`;
    if (same.status !== 304 || same.body.length > 0 || asked !== before) broken.push(`asked again: ${same.status}`);
    return { figures, broken };
  });
}

const config = (port: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: shop, targets: ["http://127.0.0.1:${port}"] }]
routes:
  - { id: plain, match: /plain, upstream: shop }
  - { id: small, match: /small, upstream: shop, optimize: { fields: true, compress: true } }
  - { id: cached, match: /cached, upstream: shop, cache: { ttl: 1h }, optimize: { fields: true, compress: true, etag: { upTo: 8MiB } } }
`;

async function measure(port: number, way: Way, { requests, bitsPerSecond }: AnswersScale, broken: string[]) {
  const tookMs: number[] = [];
  let bytes = 0;
  for (let i = 0; i < requests; i += 1) {
    const beganAtMs = performance.now();
    const { body, wireBytes, status } = await ask(port, way.path, way.headers, bitsPerSecond);
    tookMs.push(performance.now() - beganAtMs);
    bytes = wireBytes;
    const text = (way.isCoded ? brotliDecompressSync(body) : body).toString();
    if (status !== 200 || text !== way.body) broken.push(`${way.name}: ${status}, and not what it must be`);
    if (broken.length > 3) break;
  }
  return { bytes, p50: quantile(tookMs, 0.5) };
}

/** Over a socket of its own, which is read no quicker than the line is: what is not read waits in the gateway. */
function ask(port: number, path: string, fields: string, bitsPerSecond: number) {
  return new Promise<{ status: number; body: Buffer; wireBytes: number; etag: string }>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nhost: shop.test\r\n${fields}connection: close\r\n\r\n`),
    );
    const chunks: Buffer[] = [];
    let wireBytes = 0;
    const beganAtMs = performance.now();
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      wireBytes += chunk.length;
      const dueMs = (wireBytes * 8_000) / bitsPerSecond - (performance.now() - beganAtMs);
      if (dueMs < 1) return;
      socket.pause();
      setTimeout(() => socket.resume(), dueMs);
    });
    socket.on('error', reject);
    socket.on('end', () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf('\r\n\r\n');
      const head = all.subarray(0, end).toString('latin1');
      const body = all.subarray(end + 4);
      resolve({
        status: Number(head.slice(9, 12)),
        body: /transfer-encoding: chunked/i.test(head) ? dechunked(body) : body,
        wireBytes,
        etag: /^etag: (.*)$/im.exec(head)?.[1]?.trim() ?? '',
      });
    });
  });
}

function dechunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const line = body.indexOf('\r\n', at);
    const length = Number.parseInt(body.subarray(at, line).toString('latin1'), 16);
    if (!(length > 0)) break;
    parts.push(body.subarray(line + 2, line + 2 + length));
    at = line + 4 + length;
  }
  return Buffer.concat(parts);
}
