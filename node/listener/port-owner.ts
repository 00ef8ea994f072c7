/**
 * Who holds a port that could not be bound, as far as Linux's /proc tells: the difference between "address in use" and
 * knowing what to stop. An edge: reads files, never throws, and knows less without the rights to look.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** TCP_LISTEN in the state column of /proc/net/tcp (proc(5)). */
const LISTENING = '0A';

/** A sentence for the person who started the gateway. */
export async function portOwner(host: string, port: number): Promise<string> {
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return `cannot listen on ${host}:${port}: the address is not available here, or needs rights`;
  const owner = await processWith(inodes);
  const held = `cannot listen on ${host}:${port}: the port is in use`;
  return owner === null ? `${held}, by a process of another user` : `${held} by ${owner.name} (pid ${owner.pid})`;
}

async function listeningInodes(port: number): Promise<ReadonlySet<string>> {
  const inodes = new Set<string>();
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const table = await readFile(file, 'utf8').catch(() => '');
    for (const line of table.split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      const localPort = columns[1]?.split(':')[1];
      const inode = columns[9];
      if (localPort === wanted && columns[3] === LISTENING && inode !== undefined) inodes.add(`socket:[${inode}]`);
    }
  }
  return inodes;
}

async function processWith(inodes: ReadonlySet<string>): Promise<{ pid: string; name: string } | null> {
  const entries = await readdir('/proc').catch(() => []);
  for (const pid of entries.filter((entry) => /^\d+$/.test(entry))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const link = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (!inodes.has(link)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a process');
      return { pid, name: name.trim() };
    }
  }
  return null;
}
