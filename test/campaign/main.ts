/** `npm run campaign -- NAME…`: campaigns at the size that was promised, one after the other, with their figures. */
import { fullAdvice, runAdvice } from './advice.js';
import { fullAnswers, runAnswers } from './answers.js';
import { fullBudget, runBudget } from './budget.js';
import { fullCache, runCache } from './cache.js';
import { runCacheSuite } from './cache-suite.js';
import { type Report, showReport } from './campaign.js';
import { fullCompose, runCompose } from './compose.js';
import { fullDrain, runDrain } from './drain.js';
import { fullFiles, runFiles } from './files.js';
import { fullJobs, runJobs } from './jobs.js';
import { fullManagedScale, runManagedScale } from './managed-scale.js';
import { fullMemory, runMemory } from './memory.js';
import { runNewcomer } from './newcomer.js';
import { fullPlugs, runPlugs } from './plugs.js';
import { fullPurges, runPurges } from './purges.js';
import { fullRates, runRates } from './rates.js';
import { fullClusterRegistry, fullRegistry, runClusterRegistry, runRegistry } from './registry.js';
import { fullReload, runReload } from './reload.js';
import { fullLargeReload, runLargeReload } from './reload-large.js';
import { fullRevisions, runRevisions } from './revisions.js';
import { fullClusterRevisions, runClusterRevisions } from './revisions-cluster.js';
import { fullRollout, runRollout } from './rollout.js';
import { fullSimulate, runSimulate } from './simulate.js';
import { fullWaiting, runWaiting } from './waiting.js';

interface Campaign {
  readonly what: string;
  run(): Promise<Report>;
}

const campaigns: Readonly<Record<string, Campaign>> = {
  files: { what: 'files of python3 and nginx, up to 1 GiB', run: () => runFiles(fullFiles) },
  reload: { what: '100 reloads under 2,000 requests a second', run: () => runReload(fullReload) },
  'reload-large': {
    what: '10,000 routes on 1,000 upstreams changed under load: for how long a node stands still',
    run: () => runLargeReload(fullLargeReload),
  },
  memory: { what: '1 GiB through slow readers, both ways', run: () => runMemory(fullMemory) },
  waiting: { what: '10,000 requests waiting at once', run: () => runWaiting(fullWaiting) },
  jobs: { what: 'answers of 40 s for clients of 10 s, by way of jobs', run: () => runJobs(fullJobs) },
  advice: {
    what: 'what the doctor advises on the traffic of the demo, and what came of it',
    run: () => runAdvice(fullAdvice),
  },
  answers: { what: 'a list of 1 MiB of which two fields are needed', run: () => runAnswers(fullAnswers) },
  cache: { what: 'crowds, a brown-out, purges and a Redis in trouble', run: () => runCache(fullCache) },
  'cache-suite': { what: 'the cache before http-cache-tests of npm, case by case', run: runCacheSuite },
  compose: { what: 'a page of eight parts, of which two fail or stall', run: () => runCompose(fullCompose) },
  rollout: {
    what: '200 rollouts of 1,000 routes to four nodes, and a canary that fails',
    run: () => runRollout(fullRollout),
  },
  registry: {
    what: 'commands of every kind under 40 times kill -9, and 100,000 keys',
    run: () => runRegistry(fullRegistry),
  },
  'registry-cluster': {
    what: 'the same in a cluster: one of two controls under 30 times kill -9',
    run: () => runClusterRegistry(fullClusterRegistry),
  },
  'managed-scale': {
    what: 'each list and page with 10,000 services and 100,000 keys, and changes there',
    run: () => runManagedScale(fullManagedScale),
  },
  revisions: { what: '500 writes of configs under kill -9 of control', run: () => runRevisions(fullRevisions) },
  'revisions-cluster': {
    what: '500 writes under kill -9 of two controls, and a stream that is wiped',
    run: () => runClusterRevisions(fullClusterRevisions),
  },
  newcomer: {
    what: 'from an empty folder to the first managed call, by commands and in the console',
    run: runNewcomer,
  },
  rates: { what: 'four nodes and one limit, with a NATS and a Redis in trouble', run: () => runRates(fullRates) },
  budget: { what: 'ten dollars, four nodes and 200 streams that want them', run: () => runBudget(fullBudget) },
  purges: {
    what: '1,000 purges acknowledged by 4 nodes over NATS, without load and under it',
    run: () => runPurges(fullPurges),
  },
  plugs: { what: 'each part of a cluster pulled out under load, alone and together', run: () => runPlugs(fullPlugs) },
  simulate: {
    what: '100,000 bad worlds of each machine of the cluster; WEIR_SIM_SEEDS, WEIR_SIM_SEED',
    run: () => runSimulate(fullSimulate(process.env)),
  },
  drain: { what: 'SIGTERM and kill -9 under load', run: () => runDrain(fullDrain) },
};

const USAGE = `Usage: npm run campaign -- NAME…

${Object.entries(campaigns)
  .map(([name, { what }]) => `  ${name.padEnd(19)}${what}`)
  .join('\n')}
  all                all of them

The exit code is 0 when every promise was kept, 1 when one was broken, 2 for a name that is not in this list.
`;

async function main(args: readonly string[]): Promise<number> {
  const names = args.includes('all') ? Object.keys(campaigns) : args;
  if (names.length === 0 || names.some((name) => !Object.hasOwn(campaigns, name))) {
    process.stderr.write(USAGE);
    return 2;
  }
  let broken = 0;
  for (const name of names) {
    const campaign = campaigns[name];
    if (campaign === undefined) continue;
    process.stdout.write(`${name}: ${campaign.what} …\n`);
    const report = await campaign.run();
    process.stdout.write(`${showReport(name, report)}\n\n`);
    broken += report.broken.length;
  }
  return broken === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
