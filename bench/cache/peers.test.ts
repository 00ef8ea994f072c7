import { describe, expect, it } from 'vitest';
import { originConfig, type Site } from '../proxy/cases.js';
import { parseOriginRequests } from './origin-status.js';
import { nginxCacheConfig, originMore, varnishArguments, varnishVcl, weirCacheConfig } from './peers.js';

const site: Site = { port: 1111, originPort: 2222, directory: '/tmp/x', isRoot: false, workers: 1, connections: 512 };

describe('the caches that are compared', () => {
  it('have one worker, or one pool of threads, their port, and the same origin', () => {
    expect(nginxCacheConfig(site)).toMatch(
      /worker_processes 1;[\s\S]*127\.0\.0\.1:2222;[\s\S]*listen 127\.0\.0\.1:1111/,
    );
    expect(varnishArguments(site).join(' ')).toMatch(/-a 127\.0\.0\.1:1111 .*-p thread_pools=1 /);
    expect(varnishVcl(site)).toContain('.host = "127.0.0.1"; .port = "2222"');
    expect(weirCacheConfig(site)).toMatch(/listen: 127\.0\.0\.1:1111[\s\S]*127\.0\.0\.1:2222[\s\S]*cache: true/);
  });

  it('write no log, and keep what they keep in memory or below their folder', () => {
    expect(nginxCacheConfig(site)).toMatch(/access_log off;[\s\S]*proxy_cache_path \/tmp\/x\/nginx-cache /);
    expect(varnishArguments(site).join(' ')).toMatch(/-n \/tmp\/x\/varnish .*-s malloc,1g .*vsl_mask=-Begin,/);
    expect(weirCacheConfig(site)).toContain('accessLog: { enabled: false }');
  });

  it('get from the origin what they may keep for longer than a run takes, and it counts', () => {
    const config = originConfig({ ...site, port: 2222 }, originMore);
    expect(config).toContain('add_header Cache-Control "public, max-age=86400";');
    expect(config).toContain('location = /status { stub_status; }');
    expect(originConfig(site)).not.toMatch(/Cache-Control|stub_status/);
  });
});

describe('the count of the origin', () => {
  const text =
    'Active connections: 2 \nserver accepts handled requests\n 7 7 1234 \nReading: 0 Writing: 1 Waiting: 1 \n';

  it('is the third number of three', () => {
    expect(parseOriginRequests(text)).toBe(1234);
  });

  it('is not guessed from anything else', () => {
    for (const other of ['', '<html>404</html>', 'server accepts handled requests\n 7 7\n']) {
      expect(() => parseOriginRequests(other)).toThrow(/not the status/);
    }
  });
});
