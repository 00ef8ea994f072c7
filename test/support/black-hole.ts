/**
 * A port on which nobody is answered: the kernel's own black hole, on loopback. A listener whose backlog is full drops
 * further SYNs, as a firewall does that drops. When it is opened it takes connections and answers each with 200.
 */
import { spawn } from 'node:child_process';
import { programPath } from './programs.js';

export interface BlackHole {
  readonly port: number;
  /** The firewall lets through from now on; resolves when a connection would be taken. */
  open(): Promise<void>;
  close(): void;
}

/** In Python, for Node accepts whatever comes. What fills the backlog is never accepted until the hole is opened. */
const SCRIPT = `
import socket, struct, sys, threading, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(0)
port = s.getsockname()[1]
held = []
for _ in range(8):
    c = socket.socket(); c.setblocking(False)
    c.connect_ex(('127.0.0.1', port)); held.append(c)
# TCP_INFO of a listener: how many connections wait to be accepted, and how many may.
while True:
    waiting, room = struct.unpack_from('=II', s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 24)
    if waiting > room: break
    time.sleep(0.005)
print(port, flush=True)
if sys.stdin.readline() == '': sys.exit()
for c in held: c.close()
s.listen(128)
def serve(c):
    while c.recv(65536): c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')
def accept():
    while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
print('open', flush=True)
sys.stdin.read()`;

export async function blackHole(): Promise<BlackHole> {
  const child = spawn(programPath('python3'), ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'ignore'] });
  const said = (): Promise<string> =>
    new Promise((resolve, reject) => {
      child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString()));
      child.once('error', reject);
    });
  const port = Number(await said());
  return {
    port,
    async open() {
      const opened = said();
      child.stdin.write('open\n');
      await opened;
    },
    close: () => void child.kill(),
  };
}
