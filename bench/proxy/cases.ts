/** What is asked of every proxy: the answers and bodies, the numbers of connections, and the configuration of each. */

export interface Case {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

const KIB = 1024;

export const cases: readonly Case[] = [
  { id: 'get-100B', method: 'GET', path: '/small', requestBytes: 0, responseBytes: 100 },
  { id: 'get-10KiB', method: 'GET', path: '/files/10k', requestBytes: 0, responseBytes: 10 * KIB },
  { id: 'get-1MiB', method: 'GET', path: '/files/1m', requestBytes: 0, responseBytes: KIB * KIB },
  { id: 'post-10KiB', method: 'POST', path: '/sink', requestBytes: 10 * KIB, responseBytes: 100 },
];

export const connectionCounts: readonly number[] = [1, 32, 512];
export const CONNECTIONS_MAX = 512;

/** The key that every request carries, to every peer, so that all parse the same head. Only one profile checks it. */
export const API_KEY = 'bench-0123456789abcdef0123456789abcdef';
export const API_KEY_FIELD = 'x-api-key';

/** The answer of `/small` and `/sink`: JSON of exactly 100 bytes. */
export const SMALL_BODY = `{"id":42,"name":"benchmark","note":"${'x'.repeat(62)}"}`;

/** wrk makes GET requests unless a script tells it otherwise; the request is built once, before the run. */
export const postScript = (bodyBytes: number): string => `wrk.method = "POST"
wrk.body = string.rep("x", ${bodyBytes})
wrk.headers["Content-Type"] = "application/octet-stream"
`;

/** Ports and places that a server's configuration is written for. */
export interface Site {
  readonly port: number;
  readonly originPort: number;
  readonly directory: string;
  /** nginx started by root drops to another user, who could not read the files here. */
  readonly isRoot: boolean;
  /** That a proxy may hold to the origin: as many as there are clients, so that no proxy queues. */
  readonly connections: number;
  /** Processes or threads that share the port. */
  readonly workers: number;
  /** Variables of the environment, for proxies that run on Node. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Beside those of the clients and to the origin. */
const SPARE_FILES = 2048;

export const nginxHead = (site: Site, name: string): string => `${site.isRoot ? 'user root;\n' : ''}daemon off;
worker_processes ${site.workers};
worker_rlimit_nofile ${4 * site.connections + SPARE_FILES};
pid ${site.directory}/${name}.pid;
error_log stderr warn;
events { worker_connections ${4 * site.connections + SPARE_FILES}; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  client_body_temp_path ${site.directory}/${name}-body;
  proxy_temp_path ${site.directory}/${name}-proxy;
  fastcgi_temp_path ${site.directory}/${name}-fastcgi;
  uwsgi_temp_path ${site.directory}/${name}-uwsgi;
  scgi_temp_path ${site.directory}/${name}-scgi;
  client_body_buffer_size 16k;
`;

/** The origin: a constant, static files from the page cache, and a sink that reads a body and throws it away. */
export const originConfig = (site: Site, more = ''): string => `${nginxHead(site, 'origin')}
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  open_file_cache max=16;
  server {
    listen 127.0.0.1:${site.port} backlog=4096;
    root ${site.directory};
    location = /small { default_type application/json; return 200 '${SMALL_BODY}'; }
    location = /sink { default_type application/json; return 200 '${SMALL_BODY}'; }
    location /files/ { }
    ${more}
  }
}
`;

/** nginx as a proxy: keep-alive to the origin; nothing spills to disk, since a disk is not what is measured. `more`: directives of its place. */
export const nginxConfig = (site: Site, more = ''): string => `${nginxHead(site, 'nginx')}
  upstream origin {
    server 127.0.0.1:${site.originPort};
    keepalive ${site.connections};
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
  }
  server {
    listen 127.0.0.1:${site.port} backlog=4096;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_max_temp_file_size 0;${more === '' ? '' : `\n      ${more}`}
    }
  }
}
`;

export const haproxyConfig = (site: Site): string => `global
  nbthread ${site.workers}
  maxconn ${site.connections + SPARE_FILES}
defaults
  mode http
  timeout connect 1s
  timeout client 3600s
  timeout server 30s
  option http-keep-alive
  http-reuse always
frontend bench
  bind 127.0.0.1:${site.port} backlog 4096
  default_backend origin
backend origin
  server origin 127.0.0.1:${site.originPort} pool-purge-delay 3600s
`;
