import { parseConfig } from '@weir/proto/config/parse.js';
import { describe, expect, it } from 'vitest';
import {
  API_KEY,
  cases,
  haproxyConfig,
  nginxConfig,
  originConfig,
  postScript,
  type Site,
  SMALL_BODY,
} from './cases.js';
import { cellsFor } from './start-field.js';
import { weirConfig, weirProfiles } from './weir.js';

const site: Site = { port: 1111, originPort: 2222, directory: '/tmp/x', isRoot: false, workers: 1, connections: 512 };

describe('the cases', () => {
  it('are as large as they are called', () => {
    expect(Buffer.byteLength(SMALL_BODY)).toBe(100);
    expect(JSON.parse(SMALL_BODY)).toMatchObject({ id: 42 });
    expect(cases.map(({ requestBytes, responseBytes }) => [requestBytes, responseBytes])).toEqual([
      [0, 100],
      [0, 10_240],
      [0, 1_048_576],
      [10_240, 100],
    ]);
    expect(postScript(10_240)).toContain('string.rep("x", 10240)');
  });

  it('are crossed with the numbers of connections that were asked for', () => {
    const cells = cellsFor(['post-10KiB', 'get-100B'], [1, 32]);
    expect(cells.map((cell) => `${cell.case.id}@${cell.connections}`)).toEqual([
      'get-100B@1',
      'get-100B@32',
      'post-10KiB@1',
      'post-10KiB@32',
    ]);
  });
});

describe('the configurations', () => {
  it('give every proxy one worker, its port, and the same origin', () => {
    expect(nginxConfig(site)).toMatch(
      /worker_processes 1;[\s\S]*server 127\.0\.0\.1:2222;[\s\S]*listen 127\.0\.0\.1:1111/,
    );
    expect(haproxyConfig(site)).toMatch(
      /nbthread 1[\s\S]*bind 127\.0\.0\.1:1111[\s\S]*server origin 127\.0\.0\.1:2222/,
    );
    expect(originConfig({ ...site, port: 2222 })).toContain('listen 127.0.0.1:2222');
    for (const profile of weirProfiles) {
      expect(weirConfig(profile, site)).toMatch(/listen: 127\.0\.0\.1:1111[\s\S]*http:\/\/127\.0\.0\.1:2222/);
    }
  });

  it('keep root from dropping its rights, and nobody else from starting', () => {
    expect(nginxConfig(site)).not.toContain('user root');
    expect(nginxConfig({ ...site, isRoot: true })).toContain('user root;');
  });

  it('are accepted as they are', () => {
    for (const profile of weirProfiles) {
      expect(parseConfig(weirConfig(profile, site), {}).faults).toEqual([]);
    }
  });

  it('switch the policies on in one profile only, and hold no key in clear', () => {
    expect(weirConfig('weir', site)).not.toMatch(/apiKey|limits|consumers/);
    expect(weirConfig('weir-policies', site)).toMatch(/apiKey[\s\S]*rate:[\s\S]*consumers/);
    expect(weirConfig('weir-policies', site)).toContain('destination: /tmp/x/access.log');
    expect(weirConfig('weir-policies', site)).not.toContain(API_KEY);
  });

  it('differ in the client alone where that is compared', () => {
    expect(weirConfig('weir-undici', site).replace('client: undici, ', '')).toBe(weirConfig('weir', site));
    expect(weirConfig('weir-undici', site)).not.toBe(weirConfig('weir', site));
  });
});
