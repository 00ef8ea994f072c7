/** Compressed answers by a whole gateway: by what the client takes, kept forms, ranges, answers that go on, and when either side goes. */
import { get } from 'node:http';
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { json, list, open, type Told } from './answers-stage.js';

describe('compression', () => {
  it('is by what the client takes, and says so to caches', async () => {
    const { ask } = await open('{ compress: true }', json);
    const [br, gzip, plain, none] = [
      await ask('/list', { 'accept-encoding': 'gzip, br' }),
      await ask('/list', { 'accept-encoding': 'gzip, br;q=0.5' }),
      await ask('/list'),
      await ask('/list', { 'accept-encoding': 'br;q=0, identity' }),
    ];
    expect([br, gzip, plain, none].map(({ headers }) => headers['content-encoding'])).toEqual([
      ...['br', 'gzip', undefined, undefined],
    ]);
    expect(brotliDecompressSync(br.bytes).toString()).toBe(list);
    expect(gunzipSync(gzip.bytes).toString()).toBe(list);
    expect(br.bytes.length).toBeLessThan(list.length / 10);
    for (const { headers } of [br, gzip, plain, none]) expect(headers.vary).toContain('accept-encoding');
    expect([br, gzip, plain].map(({ headers }) => headers.etag)).toEqual(['"v1;w=br"', '"v1;w=gzip"', '"v1"']);
  });

  it('is done once for what has an entity tag, and kept forms are those of their answer', async () => {
    let version = 1;
    const { ask } = await open('{ compress: true }', (response, url) => {
      const headers = { 'content-type': 'text/plain', etag: `"${version}"` };
      response.writeHead(200, headers).end(`${url} ${version} `.repeat(1_000));
    });
    const coded = { 'accept-encoding': 'br' };
    const text = ({ bytes }: Told): string => brotliDecompressSync(bytes).toString();
    const [first, second] = [await ask('/a', coded), await ask('/a', coded)];
    expect([first.headers['content-length'], Number(second.headers['content-length'])]).toEqual([
      undefined,
      second.bytes.length,
    ]);
    expect(text(second)).toBe('/a 1 '.repeat(1_000));
    expect(text(await ask('/b', coded))).toBe('/b 1 '.repeat(1_000));
    version = 2;
    expect(text(await ask('/a', coded))).toBe('/a 2 '.repeat(1_000));
    const { headers } = await ask('/a', { ...coded, 'if-none-match': '"2;w=br"' });
    expect(headers.etag).toBe('"2;w=br"');
  });

  it('never gives one user the kept form of another, whatever tags the origin gives', async () => {
    const { ask } = await open('{ compress: true }', (response, _url, { authorization = '', cookie = '' }) => {
      response
        .writeHead(200, { 'content-type': 'text/plain', etag: '"same"' })
        .end(`${authorization}${cookie} `.repeat(1_000));
    });
    for (const name of ['authorization', 'cookie'])
      for (const user of ['ann', 'bob']) {
        const { bytes } = await ask('/me', { 'accept-encoding': 'br', [name]: user });
        expect(brotliDecompressSync(bytes).toString()).toBe(`${user} `.repeat(1_000));
      }
  });

  it.each([
    ['what is short', { 'content-type': 'text/plain' }, 'short'],
    ['a picture', { 'content-type': 'image/png' }, 'x'.repeat(5_000)],
    ['what is coded already', { 'content-type': 'text/plain', 'content-encoding': 'deflate' }, 'x'.repeat(5_000)],
    ['what may not be changed', { 'content-type': 'text/plain', 'cache-control': 'no-transform' }, 'x'.repeat(5_000)],
    ['events', { 'content-type': 'text/event-stream' }, 'data: x\n\n'.repeat(1_000)],
    ['what has no type', {}, 'x'.repeat(5_000)],
  ])('leaves %s as it is', async (_, headers, body) => {
    const { ask } = await open('{ compress: true }', (response) => {
      response.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
    });
    const told = await ask('/', { 'accept-encoding': 'br, gzip' });
    expect([told.headers['content-encoding'], told.bytes.toString()]).toEqual([
      'content-encoding' in headers ? 'deflate' : undefined,
      body,
    ]);
  });

  it('of a part is none: ranges are of the plain form', async () => {
    const { ask } = await open('{ compress: true }', (response, _, { range }) => {
      const type = { 'content-type': 'text/plain' };
      if (range === undefined) response.writeHead(200, type).end('x'.repeat(5_000));
      else response.writeHead(206, { ...type, 'content-range': 'bytes 0-1999/5000' }).end('x'.repeat(2_000));
    });
    const told = await ask('/', { 'accept-encoding': 'br', range: 'bytes=0-1999' });
    expect([told.status, told.headers['content-encoding'], told.bytes.length]).toEqual([206, undefined, 2_000]);
  });

  it.each(['br', 'gzip'])('by %s shows what has come of an answer that goes on', async (coding) => {
    let goOn = (): void => {};
    const { gateway } = await open('{ compress: true }', (response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('x'.repeat(5_000));
      goOn = () => response.end('the end');
    });
    const whole = await new Promise<Buffer>((resolve, reject) => {
      const headers = { 'accept-encoding': coding };
      const request = get({ port: gateway.port, host: '127.0.0.1', path: '/', headers }, (response) => {
        const decoder = coding === 'br' ? createBrotliDecompress() : createGunzip();
        const pieces: Buffer[] = [];
        response.pipe(decoder);
        // Its upstream ends it only when the client has seen its beginning.
        decoder.on('data', (piece: Buffer) => {
          pieces.push(piece);
          if (Buffer.concat(pieces).length === 5_000) goOn();
        });
        decoder.on('end', () => resolve(Buffer.concat(pieces)));
        decoder.on('error', reject);
      });
      request.on('error', reject);
    });
    expect(whole.toString()).toBe(`${'x'.repeat(5_000)}the end`);
  });

  it('ends with its client, and with its upstream', async () => {
    const { ask, gateway } = await open('{ compress: true }', (response, url) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      // All of it is on its way when the connection breaks.
      response.write('x'.repeat(200_000), () => {
        if (url === '/cut') response.destroy();
      });
    });
    await expect(ask('/cut', { 'accept-encoding': 'gzip' })).rejects.toThrow();
    // What has come is sent, though the answer has no end: or there would be no data to leave by.
    await new Promise<void>((resolve) => {
      const request = get({ port: gateway.port, host: '127.0.0.1', path: '/', headers: { 'accept-encoding': 'br' } });
      request.on('response', (response) => response.once('data', () => request.destroy()));
      request.on('error', () => {});
      request.on('close', () => resolve());
    });
    await expect.poll(() => gateway.node.status().exchanges).toBe(0);
  });
});
