import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { localTokenFile, openLocalToken, readLocalToken } from '../people/local-token.js';
import { credentialFor, keep, keptFile, withAdmin } from './credential.js';

const LOOPBACK = ['http://127.0.0.1:9080', 'http://localhost:1', 'http://[::1]:9080', 'http://127.9.9.9'];
const ELSEWHERE = [
  'http://10.0.0.1:9080',
  'https://weir.example.com',
  'http://127.0.0.1.evil.example',
  'http://localhost.evil.example',
];

let folder = '';
const dataFolder = (name: string): void => {
  withAdmin(new Command('x').exitOverride()).parse(['--data', name], { from: 'user' });
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-credential-'));
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
  vi.stubEnv('WEIR_TOKEN', '');
  dataFolder(join(folder, 'state'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('as whom commands ask', () => {
  it('is nobody where nothing is known', () => {
    for (const url of [...LOOPBACK, ...ELSEWHERE, 'no url']) expect(credentialFor(url)).toEqual({});
  });

  it('is by the token of the data folder at this machine, and nowhere else', () => {
    openLocalToken(join(folder, 'state'), () => {});
    const token = readLocalToken(join(folder, 'state'));
    expect(token).toMatch(/^weir_l_[0-9A-Za-z]{49}$/);
    for (const url of LOOPBACK) expect(credentialFor(url)).toEqual({ authorization: `Bearer ${token}` });
    for (const url of ELSEWHERE) expect(credentialFor(url)).toEqual({});
  });

  it('is by WEIR_TOKEN before what was kept, and by what was kept for that very origin', () => {
    const [here = ''] = ELSEWHERE;
    keep(`${here}/some/path`, { kind: 'session', secret: 's', csrf: 'c', login: 'ann' });
    expect(credentialFor(here)).toEqual({ cookie: 'weir_session=s', 'x-weir-csrf': 'c' });
    expect(credentialFor('http://10.0.0.1:9081')).toEqual({});
    vi.stubEnv('WEIR_TOKEN', 'weir_t_x');
    expect(credentialFor(here)).toEqual({ authorization: 'Bearer weir_t_x' });
    vi.stubEnv('WEIR_TOKEN', '');
    keep('https://other.example', { kind: 'token', token: 't' });
    keep(here, null);
    expect(credentialFor(here)).toEqual({});
    expect(credentialFor('https://other.example')).toEqual({ authorization: 'Bearer t' });
  });

  it('is kept for its owner alone, and not kept when there is nothing left', () => {
    keep('https://other.example', { kind: 'token', token: 't' });
    chmodSync(keptFile(), 0o644);
    keep('https://one.example', { kind: 'token', token: 'u' });
    expect(statSync(keptFile()).mode & 0o777).toBe(0o600);
    for (const origin of ['https://other.example', 'https://one.example']) keep(origin, null);
    expect(() => statSync(keptFile())).toThrow(/ENOENT/);
  });
});

describe('the token of a data folder', () => {
  it('is drawn once, is for its owner alone, and is made anew where a crash has left none', async () => {
    const { truncateSync } = await import('node:fs');
    const first = openLocalToken(folder, () => {});
    expect(openLocalToken(folder, () => {})).toBe(first);
    const file = localTokenFile(folder);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o644);
    expect(openLocalToken(folder, () => {})).toBe(first);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    truncateSync(file, 20);
    expect(openLocalToken(folder, () => {})).not.toBe(first);
  });

  it('is none, in words, where the folder is none', () => {
    const said: string[] = [];
    openLocalToken(folder, () => {});
    expect(openLocalToken(localTokenFile(folder), (text) => said.push(text))).toBeNull();
    expect(said.join()).toContain('commands on this machine have to sign in');
  });
});
