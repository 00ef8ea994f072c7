/**
 * The caches that are compared, each told what its experts would tell it, and each with one core: nginx's proxy_cache, Varnish,
 * and a route of Weir with `cache`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from '../measure/process-usage.js';
import { nginxHead, type Site } from '../proxy/cases.js';
import { nginxWorkers, startNginx } from '../proxy/peers.js';
import type { Peer } from '../proxy/rounds.js';
import { type Running, startProcess, untilFound, untilListening } from '../start/processes.js';
import { listenerOf, startWeirUp } from '../start/weir-up.js';

export const cachePeers = ['nginx', 'varnish', 'weir'] as const;
export type CachePeer = (typeof cachePeers)[number];

/** Programs that must be there, and the Debian package each is in. */
export const neededPrograms = { nginx: 'nginx-light', varnishd: 'varnish', wrk: 'wrk', taskset: 'util-linux' } as const;

const START_WITHIN_MS = 20_000;

/** What the origin says besides: for so long all is fresh, and how often it was asked (ngx_http_stub_status_module). */
export const STATUS_PATH = '/status';
export const originMore = `add_header Cache-Control "public, max-age=86400";
    location = ${STATUS_PATH} { stub_status; }`;

/**
 * Files in memory (the folder is on a tmpfs), kept open, their heads read once each minute at most, and their bytes sent by the
 * kernel without being copied. Nothing expires while it is measured.
 */
export const nginxCacheConfig = (site: Site): string => `${nginxHead(site, 'nginx')}
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  open_file_cache max=1024 inactive=1h;
  open_file_cache_valid 1h;
  open_file_cache_min_uses 1;
  proxy_cache_path ${site.directory}/nginx-cache levels=1:2 keys_zone=bench:16m max_size=1g inactive=1d use_temp_path=off;
  upstream origin {
    server 127.0.0.1:${site.originPort};
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${site.port} backlog=4096;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache bench;
      proxy_cache_key $uri$is_args$args;
      proxy_cache_lock on;
      proxy_cache_use_stale updating error timeout;
      proxy_cache_background_update on;
    }
  }
}
`;

export const varnishVcl = (site: Site): string => `vcl 4.1;
backend origin { .host = "127.0.0.1"; .port = "${site.originPort}"; }
`;

/** What a hit would write to the log in shared memory. */
const UNLOGGED = [
  ...['Begin', 'Link', 'End', 'SessOpen', 'SessClose', 'Timestamp', 'Length', 'Filters', 'Hit'],
  ...['ReqStart', 'ReqMethod', 'ReqURL', 'ReqProtocol', 'ReqHeader', 'ReqUnset', 'ReqAcct'],
  ...['RespProtocol', 'RespStatus', 'RespReason', 'RespHeader', 'RespUnset'],
  ...['VCL_call', 'VCL_return', 'VCL_use'],
];

/**
 * One pool of threads, since it has one core, and enough of them for all connections; memory storage; nothing written to the
 * log in shared memory, as the others write none; no gzip, since nobody asks for it.
 */
export const varnishArguments = (site: Site): string[] => [
  '-F',
  ...['-j', 'none'],
  ...['-n', join(site.directory, 'varnish')],
  ...['-a', `127.0.0.1:${site.port}`],
  ...['-T', 'none'],
  ...['-f', join(site.directory, 'bench.vcl')],
  ...['-s', 'malloc,1g'],
  ...[
    'thread_pools=1',
    'thread_pool_min=600',
    'thread_pool_max=1000',
    'listen_depth=4096',
    'http_gzip_support=off',
    `vsl_mask=${UNLOGGED.map((tag) => `-${tag}`).join(',')}`,
    'timeout_idle=3600',
  ].flatMap((parameter) => ['-p', parameter]),
];

export const weirCacheConfig = (site: Site): string => `version: 1
gateway:
  listen: 127.0.0.1:${site.port}
  accessLog: { enabled: false }
upstreams:
  - id: origin
    targets: [{ url: "http://127.0.0.1:${site.originPort}" }]
routes:
  - id: all
    match: { path: /* }
    upstream: origin
    cache: true
`;

/** `onStarted` hears of the process before it is ready, so that a start that fails half-way is cleaned up as well. */
export async function startCachePeer(
  name: CachePeer,
  site: Site,
  core: number,
  onStarted: (running: Running) => void,
): Promise<Peer> {
  const { port, directory } = site;
  if (name === 'weir') {
    const running = await startWeirUp({ name, config: weirCacheConfig(site), port, core, directory, onStarted });
    return { name, port, workers: [await listenerOf(running, port)] };
  }
  if (name === 'nginx') {
    const running = await startNginx(name, nginxCacheConfig(site), site, core);
    onStarted(running);
    return { name, port, workers: await nginxWorkers(running, site.workers) };
  }
  mkdirSync(join(directory, 'varnish'));
  writeFileSync(join(directory, 'bench.vcl'), varnishVcl(site));
  const running = startProcess({ name, command: 'varnishd', args: varnishArguments(site), core, cwd: directory });
  onStarted(running);
  await untilListening(running, port, START_WITHIN_MS);
  // The first is the manager; its child does the work.
  const worker = await untilFound(running, 'worker', () => childrenOf(running.pid)[0]);
  return { name, port, workers: [worker] };
}
