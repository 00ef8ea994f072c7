/** Starts the mock and each gateway that is compared, and says which processes of it do the work. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nginxConfig } from '../proxy/cases.js';
import { nginxWorkers, startNginx } from '../proxy/peers.js';
import { folderOf, type Packages } from '../start/npm-peers.js';
import { type Running, startProcess, untilListening } from '../start/processes.js';
import { listenerOf, startWeirUp } from '../start/weir-up.js';
import { models } from './words.js';

/** `relay`: the least that a process of Node can add; it and nginx pass bytes on, and are no gateways for models. */
export const aiPeers = ['direct', 'nginx', 'relay', 'weir', 'portkey'] as const;
export type AiPeerName = (typeof aiPeers)[number];

export interface AiPeer {
  readonly name: AiPeerName;
  readonly port: number;
  /** The processes whose CPU time and memory count; of the direct call the mock's. */
  readonly workers: readonly number[];
}

export interface AiSite {
  readonly port: number;
  readonly mockPort: number;
  readonly core: number;
  readonly directory: string;
  /** Hears of a process before it is ready, so that a start that fails half-way is cleaned up as well. */
  readonly onStarted: (running: Running) => void;
}

const START_WITHIN_MS = 20_000;
/** That each may hold to the mock. */
const CONNECTIONS = 4_096;
export const PORTKEY = '@portkey-ai/gateway';
export const PORTKEY_VERSION = '1.15.2';
export const portkeyPackages: Packages = { [PORTKEY]: PORTKEY_VERSION };

function builtProgram(name: string): string {
  const program = fileURLToPath(new URL(name, import.meta.url));
  if (!existsSync(program)) throw new Error(`${program} is missing: build first (npm run build)`);
  return program;
}

export async function startMock(port: number, core: number, cwd: string): Promise<Running> {
  const args = [builtProgram('./mock.js'), String(port)];
  const running = startProcess({ name: 'mock', command: process.execPath, args, core, cwd });
  await untilListening(running, port, START_WITHIN_MS);
  return running;
}

/** Metrics and all timers are on, as they are for any route over models; the access log is not, as with the other proxies here. */
export const weirAiConfig = (port: number, mockPort: number): string => `version: 1
gateway:
  listen: 127.0.0.1:${port}
  accessLog: { enabled: false }
ai:
  providers:
    - id: openai
      url: http://127.0.0.1:${mockPort}/v1
      keys: "\${BENCH_KEY}"
      pool: { connections: ${CONNECTIONS}, idle: 10m } # kept over the turns of the others
  models:
${models.map((model) => `    ${model}: openai/${model}\n`).join('')}routes:
  - id: models
    match: /v1/*
    ai: true
`;

export async function startAiPeer(name: Exclude<AiPeerName, 'direct'>, site: AiSite): Promise<AiPeer> {
  const { port, mockPort, core, directory, onStarted } = site;
  if (name === 'weir') {
    const config = weirAiConfig(port, mockPort);
    const env = { BENCH_KEY: 'sk-bench' };
    const running = await startWeirUp({ name, config, port, core, directory, onStarted, env });
    return { name, port, workers: [await listenerOf(running, port)] };
  }
  if (name === 'nginx') {
    const site = { port, originPort: mockPort, directory, isRoot: process.getuid?.() === 0 };
    const config = nginxConfig({ ...site, connections: CONNECTIONS, workers: 1 }, 'proxy_buffering off;');
    const running = await startNginx(name, config, { port, directory }, core);
    onStarted(running);
    return { name, port, workers: await nginxWorkers(running, 1) };
  }
  if (name === 'relay') {
    const args = [builtProgram('./relay.js'), String(port), String(mockPort)];
    const running = startProcess({ name, command: process.execPath, args, core, cwd: directory });
    onStarted(running);
    await untilListening(running, port, START_WITHIN_MS);
    return { name, port, workers: [running.pid] };
  }
  const program = join(folderOf(portkeyPackages), 'node_modules', PORTKEY, 'build/start-server.js');
  const args = ['--import', builtProgram('./mutable-headers.js'), program, `--port=${port}`, '--headless'];
  const env = { NODE_ENV: 'production' };
  const running = startProcess({ name, command: process.execPath, args, core, cwd: directory, env });
  onStarted(running);
  await untilListening(running, port, START_WITHIN_MS);
  return { name, port, workers: [running.pid] };
}
