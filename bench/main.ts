/** The benchmarks' command line: `npm run bench -- proxy`, `./weir bench layers`. Everything is measured, nothing kept. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runAiBenchmark } from './ai/command.js';
import { aiPeers } from './ai/peers.js';
import { runCacheBenchmark } from './cache/command.js';
import { cachePeers } from './cache/peers.js';
import { flamePeers, runFlameBenchmark } from './flame/command.js';
import { isInsideNamespace, isNamespacePermitted, runInsideNamespace } from './gauntlet/black-hole.js';
import { runGauntlet } from './gauntlet/command.js';
import { gauntletPeers } from './gauntlet/peers.js';
import { scenarios } from './gauntlet/scenarios.js';
import { runGossipBenchmark } from './gossip/command.js';
import { runHeldBenchmark } from './held/command.js';
import { runPaceBenchmark } from './pace/command.js';
import { cases, connectionCounts } from './proxy/cases.js';
import { runProxyBenchmark } from './proxy/command.js';
import { peerNames } from './proxy/peers.js';
import type { Cell } from './proxy/rounds.js';
import { cellsFor } from './proxy/start-field.js';
import { runTraceBenchmark } from './trace/command.js';
import { policyNames } from './trace/policies.js';

/** What a cache answers with a hit. */
const cacheCases = cases.filter((one) => one.method === 'GET');

const usage = `Usage: weir bench <command> [options]

Commands:
  proxy    Weir beside nginx, HAProxy and proxies for Node, over sockets
  pace     how long requests take in each of them at 70 % of its saturation
  held     memory of an idle connection and of a waiting request in each of them
  flame    where the CPU time of a request goes: a flame graph, and tables by room and by file
  layers   nanoseconds per request of each layer and of the whole chain, without sockets
  gauntlet nginx, HAProxy and Weir in front of replicas that stall, fail and overload
  cache    hits of Weir's cache beside nginx and Varnish, over sockets
  ai       models: Weir beside Portkey's gateway and the direct call, whole answers and streams
  gossip   what a node of a cluster pays for hearing the others, over a nats-server
  trace    what a cache should keep: hit ratios of LRU, SIEVE, S3-FIFO and TinyLFU, simulated

Options of proxy:
  --quick                two cells only (get-100B and post-10KiB at 32 connections), 3 rounds of 3 s
  --rounds N             rounds of each cell (default 5)
  --seconds N            length of a run in seconds (default 4)
  --warmup N             seconds of unmeasured load before the first round of a cell (default 2), again until compilers rest
  --cases A,B            of ${cases.map((one) => one.id).join(', ')}
  --connections A,B      of any number; default ${connectionCounts.join(',')}
  --peers A,B            of ${peerNames.join(', ')}
  --workers N            processes or threads of each proxy, each with a core (default 1; proxies for Node have one)

Options of pace:
  --quick                3 rounds of 3 s
  --rounds N             rounds (default 5)
  --seconds N            length of each load in seconds (default 5)
  --share N              of a proxy's own saturation, in per cent (default 70)
  --connections N        (default 64)
  --peers A,B            as of proxy

Options of held:
  --rounds N             rounds (default 3)
  --count N              connections that idle, and then requests on them that wait (default 5000)
  --peers A,B            as of proxy

Options of flame:
  --peer NAME            of ${flamePeers.join(', ')} (default weir-policies)
  --case ID              as of proxy (default get-100B)
  --connections N        (default 32)
  --seconds N            length of what is sampled (default 10)
  --warmup N             seconds of unmeasured load (default 8), again until compilers rest
  --interval N           microseconds between two samples (default 200)

Options of layers:
  --quick                a twentieth of the iterations
  --runs N               runs of which the median is reported (default 7)
  --only A,B             names, or beginnings of names, of what is measured

Options of gauntlet:
  --quick                the scenarios that say most, 3 s each
  --scenarios A,B        of ${scenarios.map((one) => one.id).join(', ')}
  --peers A,B            of ${gauntletPeers.join(', ')}
  --rate N               requests a second (default 150)
  --seconds N            length of what is measured (default 8; some scenarios take a multiple)
  --seed N               of random stalls (default 1)

Options of cache: those of proxy, but for
  --quick                every case at 32 connections, 3 rounds of 3 s
  --cases A,B            of ${cacheCases.map((one) => one.id).join(', ')}
  --peers A,B            of ${cachePeers.join(', ')}

Options of ai:
  --quick                3 rounds of 3 s
  --rounds N             rounds (default 5)
  --seconds N            length of each load in seconds (default 6)
  --warmup N             seconds of unmeasured load of each kind (default 3)
  --peers A,B            of ${aiPeers.join(', ')}

Options of trace:
  --quick                a fifth of the objects and of the requests
  --policies A,B         of ${policyNames.join(', ')}
  --seed N               of the traces (default 1)

Options of gossip:
  --quick                4 and 64 nodes, 3 s each
  --nodes A,B            of any number; default 4,16,64,1000
  --seconds N            of what is heard, for each (default 10)
  --routes N             waits that are learnt (default 50)

All:
  --name NAME            name of the report in bench/reports (default: the command and the time)
  --help                 this text

What is compared, how, and what the figures do not say: bench/README.md
`;

const reportsDirectory = fileURLToPath(new URL('../reports/', import.meta.url));

/** A mistake of the caller: told in one line, without a stack. */
class UsageError extends Error {}

function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${name} wants a whole number above 0, not ${text}`);
  return value;
}

function listOf<Member extends string>(name: string, text: string | undefined, known: readonly Member[]): Member[] {
  if (text === undefined) return [...known];
  return text.split(',').map((given) => memberOf(name, given, known));
}

function memberOf<Member extends string>(name: string, given: string, known: readonly Member[]): Member {
  const member = known.find((one) => one === given);
  if (member === undefined) throw new UsageError(`--${name} knows ${known.join(', ')}, not ${given}`);
  return member;
}

const ids = (entries: readonly { readonly id: string }[]): string[] => entries.map((entry) => entry.id);

/** Where a command's report goes, and what repeats it; without a name of its own it is called by the command and the time. */
const reportOf = (command: string, args: readonly string[], name: string | undefined) => ({
  reportsDirectory,
  reportName: name ?? `${command}-${new Date().toISOString().slice(0, 16).replaceAll(':', '')}`,
  commandLine: `npm run bench -- ${command} ${args.join(' ')}`.trim(),
});

/** Options of a comparison over sockets, and the name it was given. */
function readRounds(args: string[], known: readonly string[], quickCells: readonly Cell[]) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string', default: '2' },
      cases: { type: 'string' },
      connections: { type: 'string' },
      peers: { type: 'string' },
      workers: { type: 'string', default: '1' },
      name: { type: 'string' },
    },
  });
  const counts = values.connections?.split(',').map((count) => positiveInteger('connections', count));
  const cells: readonly Cell[] =
    values.quick && values.cases === undefined && counts === undefined
      ? quickCells
      : cellsFor(listOf('cases', values.cases, known), counts ?? connectionCounts);
  return {
    rounds: positiveInteger('rounds', values.rounds ?? (values.quick ? '3' : '5')),
    seconds: positiveInteger('seconds', values.seconds ?? (values.quick ? '3' : '4')),
    warmupSeconds: positiveInteger('warmup', values.warmup),
    cells,
    peers: values.peers,
    workers: positiveInteger('workers', values.workers),
    name: values.name,
  };
}

async function proxy(args: string[], signal: AbortSignal): Promise<void> {
  const { peers, name, ...rounds } = readRounds(args, ids(cases), cellsFor(['get-100B', 'post-10KiB'], [32]));
  await runProxyBenchmark({
    ...rounds,
    peers: listOf('peers', peers, peerNames),
    ...reportOf('proxy', args, name),
    signal,
  });
}

async function pace(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      share: { type: 'string', default: '70' },
      connections: { type: 'string', default: '64' },
      peers: { type: 'string' },
      name: { type: 'string' },
    },
  });
  await runPaceBenchmark({
    rounds: positiveInteger('rounds', values.rounds ?? (values.quick ? '3' : '5')),
    seconds: positiveInteger('seconds', values.seconds ?? (values.quick ? '3' : '5')),
    sharePercent: positiveInteger('share', values.share),
    connections: positiveInteger('connections', values.connections),
    peers: listOf('peers', values.peers, peerNames),
    ...reportOf('pace', args, values.name),
    signal,
  });
}

async function held(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      count: { type: 'string', default: '5000' },
      peers: { type: 'string' },
      name: { type: 'string' },
    },
  });
  await runHeldBenchmark({
    rounds: positiveInteger('rounds', values.rounds),
    count: positiveInteger('count', values.count),
    peers: listOf('peers', values.peers, peerNames),
    ...reportOf('held', args, values.name),
    signal,
  });
}

async function flame(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      peer: { type: 'string', default: 'weir-policies' },
      case: { type: 'string', default: 'get-100B' },
      connections: { type: 'string', default: '32' },
      seconds: { type: 'string', default: '10' },
      warmup: { type: 'string', default: '8' },
      interval: { type: 'string', default: '200' },
      name: { type: 'string' },
    },
  });
  await runFlameBenchmark({
    peer: memberOf('peer', values.peer, flamePeers),
    caseId: memberOf('case', values.case, ids(cases)),
    connections: positiveInteger('connections', values.connections),
    seconds: positiveInteger('seconds', values.seconds),
    warmupSeconds: positiveInteger('warmup', values.warmup),
    intervalUs: positiveInteger('interval', values.interval),
    ...reportOf('flame', args, values.name),
    signal,
  });
}

async function cache(args: string[], signal: AbortSignal): Promise<void> {
  const { peers, name, workers, ...rounds } = readRounds(args, ids(cacheCases), cellsFor(ids(cacheCases), [32]));
  if (workers !== 1) throw new UsageError('--workers: caches are compared with one worker each');
  await runCacheBenchmark({
    ...rounds,
    peers: listOf('peers', peers, cachePeers),
    ...reportOf('cache', args, name),
    signal,
  });
}

async function ai(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string', default: '3' },
      peers: { type: 'string' },
      name: { type: 'string' },
    },
  });
  await runAiBenchmark({
    rounds: positiveInteger('rounds', values.rounds ?? (values.quick ? '3' : '5')),
    seconds: positiveInteger('seconds', values.seconds ?? (values.quick ? '3' : '6')),
    warmupSeconds: positiveInteger('warmup', values.warmup),
    peers: listOf('peers', values.peers, aiPeers),
    ...reportOf('ai', args, values.name),
    signal,
  });
}

async function layers(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string', default: '7' },
      only: { type: 'string' },
      name: { type: 'string' },
    },
  });
  // It brings the whole data plane with it, which no other command needs.
  const { runLayersBenchmark } = await import('./layers/command.js');
  await runLayersBenchmark({
    runs: positiveInteger('runs', values.runs),
    isQuick: values.quick,
    only: values.only?.split(',') ?? [],
    ...reportOf('layers', args, values.name),
    signal,
  });
}

async function trace(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      policies: { type: 'string' },
      seed: { type: 'string', default: '1' },
      name: { type: 'string' },
    },
  });
  await runTraceBenchmark({
    objects: values.quick ? 20_000 : 100_000,
    requests: values.quick ? 200_000 : 1_000_000,
    policies: listOf('policies', values.policies, policyNames),
    seed: positiveInteger('seed', values.seed),
    ...reportOf('trace', args, values.name),
    signal,
  });
}

async function gossip(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      nodes: { type: 'string' },
      seconds: { type: 'string' },
      routes: { type: 'string', default: '50' },
      name: { type: 'string' },
    },
  });
  const nodes = (values.nodes ?? (values.quick ? '4,64' : '4,16,64,1000')).split(',');
  await runGossipBenchmark({
    nodes: nodes.map((count) => positiveInteger('nodes', count)),
    measureMs: 1_000 * positiveInteger('seconds', values.seconds ?? (values.quick ? '3' : '10')),
    routes: positiveInteger('routes', values.routes),
    ...reportOf('gossip', args, values.name),
    signal,
  });
}

async function gauntlet(args: string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      scenarios: { type: 'string' },
      peers: { type: 'string' },
      rate: { type: 'string', default: '150' },
      seconds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      name: { type: 'string' },
    },
  });
  const chosen = listOf('scenarios', values.scenarios, ids(scenarios));
  const isQuickSet = values.quick && values.scenarios === undefined;
  const options = {
    scenarios: scenarios.filter((one) => (isQuickSet ? one.isQuick : chosen.includes(one.id))),
    peers: listOf('peers', values.peers, gauntletPeers),
    pace: {
      ratePerS: positiveInteger('rate', values.rate),
      measureMs: 1_000 * positiveInteger('seconds', values.seconds ?? (values.quick ? '3' : '8')),
      leadMs: values.quick ? 1_000 : 2_000,
      warmupRequests: values.quick ? 500 : 3_000,
    },
    seed: positiveInteger('seed', values.seed),
    ...reportOf('gauntlet', args, values.name),
    signal,
  };
  // Everything is read before, so that a mistake is told once; then the same command runs where packets can be lost.
  if (!isInsideNamespace() && isNamespacePermitted()) {
    return await runInsideNamespace(fileURLToPath(import.meta.url), ['gauntlet', ...args], signal);
  }
  await runGauntlet(options);
  return 0;
}

/** One that runs in a process of its own says by which code that ended. */
type Run = (args: string[], signal: AbortSignal) => Promise<unknown>;

const commands: Readonly<Record<string, Run>> = {
  proxy,
  pace,
  held,
  flame,
  layers,
  cache,
  ai,
  trace,
  gossip,
  gauntlet,
};

async function main(): Promise<number> {
  const [command, ...args] = process.argv.slice(2);
  if (command === undefined || command === 'help' || process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(usage);
    return command === undefined ? 2 : 0;
  }
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
    if (run === undefined) throw new UsageError(`unknown command ${command}; see --help`);
    const code = await run(args, stop.signal);
    return typeof code === 'number' ? code : 0;
  } catch (error) {
    if (stop.signal.aborted) {
      process.stderr.write('bench: interrupted; everything that was started has been ended\n');
      return 130;
    }
    const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    return isUsage ? 2 : 1;
  }
}

process.exitCode = await main();
