/** Real file servers of other projects as upstreams: python3's http.server, and nginx in the foreground, both on loopback. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { programPath } from './programs.js';
import { freePort, type Program, type Stage, until } from './stage.js';

export async function startPython(stage: Stage, folder: string): Promise<number> {
  const port = await freePort();
  const program = stage.run(
    programPath('python3'),
    ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--protocol', 'HTTP/1.1', '--directory', folder],
    folder,
  );
  return answering(port, program);
}

export async function startNginx(stage: Stage, folder: string): Promise<number> {
  const port = await freePort();
  const own = stage.folder();
  mkdirSync(join(own, 'logs'));
  writeFileSync(
    join(own, 'nginx.conf'),
    `worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${own}/nginx.pid;
error_log ${own}/logs/error.log;
events { worker_connections 256; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${own}/${name};`).join(' ')}
  default_type application/octet-stream;
  server { listen 127.0.0.1:${port}; root ${folder}; }
}
`,
  );
  // As one process: its group is ended with the stage.
  const program = stage.run(programPath('nginx'), ['-p', own, '-c', join(own, 'nginx.conf'), '-g', 'daemon off;'], own);
  return answering(port, program);
}

async function answering(port: number, { said, isOver }: Program): Promise<number> {
  await until(async () => isOver() || (await isOpen(port)), said);
  if (isOver()) throw new Error(`a file server did not start:\n${said()}`);
  return port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
