import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addConsoleFiles, codingFor, policyWith, wantsPage } from './console-files.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
let folder: string;
let server: FastifyInstance;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<meta nonce="__WEIR_NONCE__">');
  for (const name of ['a-1.js', 'a-1.js.br', 'a-1.js.gz', 'b-2.css', 'c.map']) {
    writeFileSync(join(folder, 'assets', name), `bytes of ${name}`);
  }
  writeFileSync(join(folder, 'secret.js'), 'not an asset');
  server = fastify();
  const files = addConsoleFiles(server, {}, [join(folder, 'nothing'), folder]);
  server.get('/', async (request, reply) => ((await files.answerPage(request, reply)) ? reply : { index: true }));
});

afterAll(() => rmSync(folder, { recursive: true }));

const get = (url: string, headers: Record<string, string> = {}) => server.inject({ url, headers });

describe('the files of the console', () => {
  it('are a page for browsers and the index of the API for programs', async () => {
    expect((await get('/', { accept: BROWSER })).headers['content-type']).toMatch(/^text\/html/);
    for (const accept of ['application/json', '*/*', 'text/*', 'application/xhtml+text/html']) {
      expect((await get('/', { accept })).json()).toEqual({ index: true });
    }
    expect((await get('/')).json()).toEqual({ index: true });
  });

  it('are those of the start, whatever a build puts in their place', async () => {
    const other = mkdtempSync(join(tmpdir(), 'weir-console-'));
    mkdirSync(join(other, 'assets'));
    writeFileSync(join(other, 'index.html'), 'page one');
    writeFileSync(join(other, 'assets', 'one.js'), 'one');
    const running = fastify();
    const files = addConsoleFiles(running, {}, [other]);
    running.get('/', async (request, reply) => ((await files.answerPage(request, reply)) ? reply : null));
    rmSync(other, { recursive: true });
    expect((await running.inject({ url: '/', headers: { accept: BROWSER } })).body).toBe('page one');
    expect((await running.inject('/assets/one.js')).body).toBe('one');
  });

  it('have a nonce of their own with each page, which is never stored', async () => {
    const pages = await Promise.all([get('/', { accept: BROWSER }), get('/', { accept: BROWSER })]);
    const nonces = pages.map(({ body }) => /nonce="([\w-]{22})"/.exec(body)?.[1] ?? '');
    expect(new Set(nonces).size).toBe(2);
    pages.forEach(({ headers }, index) => {
      expect(headers['content-security-policy']).toBe(policyWith(nonces[index] ?? ''));
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-frame-options']).toBe('DENY');
    });
    expect(policyWith('x')).not.toMatch(/unsafe|https?:|\*/);
  });

  it('are kept for ever by their names, in the best coding that the client takes', async () => {
    const plain = await get('/assets/a-1.js');
    expect([plain.body, plain.headers['content-encoding'], plain.headers['content-type']]).toEqual([
      'bytes of a-1.js',
      undefined,
      'text/javascript; charset=utf-8',
    ]);
    expect(plain.headers['cache-control']).toMatch(/immutable/);
    expect((await get('/assets/a-1.js', { 'accept-encoding': 'gzip, br' })).body).toBe('bytes of a-1.js.br');
    expect((await get('/assets/a-1.js', { 'accept-encoding': 'gzip, br;q=0' })).body).toBe('bytes of a-1.js.gz');
    expect((await get('/assets/b-2.css', { 'accept-encoding': 'br' })).body).toBe('bytes of b-2.css');
  });

  it('are those of one folder: no name leads out of it, and what is no asset is not there', async () => {
    for (const name of [
      '../secret.js',
      '..%2fsecret.js',
      '%2e%2e%2fsecret.js',
      'c.map',
      'a-1.js.br',
      'none.js',
      '.',
      '',
    ]) {
      expect([name, (await get(`/assets/${name}`)).statusCode]).toEqual([name, 404]);
    }
    await fc.assert(
      fc.asyncProperty(fc.string(), async (path) => {
        const { body } = await get(`/assets/${encodeURIComponent(path)}`);
        expect(body).not.toContain('not an asset');
      }),
      { numRuns: 200 },
    );
  });

  it('are not there where none were built', async () => {
    const bare = fastify();
    const files = addConsoleFiles(bare, {}, [join(folder, 'nothing')]);
    bare.get('/', async (request, reply) => ((await files.answerPage(request, reply)) ? reply : { index: true }));
    expect((await bare.inject({ url: '/', headers: { accept: BROWSER } })).json()).toEqual({ index: true });
    expect((await bare.inject('/assets/a-1.js')).statusCode).toBe(404);
  });
});

describe('what is chosen', () => {
  it('is a coding that was accepted and that there is, or none', () => {
    const codings = fc.subarray(['br', 'gzip', 'deflate', 'zstd', 'identity']);
    fc.assert(
      fc.property(codings, fc.subarray(['.br', '.gz']), (accepted, there) => {
        const chosen = codingFor(accepted.join(', '), (suffix) => there.includes(suffix));
        if (chosen !== null) {
          expect(accepted).toContain(chosen.name);
          expect(there).toContain(chosen.suffix);
        } else {
          expect(accepted.includes('br') && there.includes('.br')).toBe(false);
          expect(accepted.includes('gzip') && there.includes('.gz')).toBe(false);
        }
      }),
    );
  });

  it('is the page where HTML is named, wherever that stands', () => {
    expect(wantsPage(BROWSER)).toBe(true);
    expect(wantsPage('application/json, text/html;q=0.1')).toBe(true);
    expect(wantsPage(undefined)).toBe(false);
  });
});
