/**
 * One policy over all traces and sizes, in a process of its own, so that its CPU time is its own and not that of code that was
 * compiled for others. Prints JSON. Arguments: the policy, the objects, the requests, the seed.
 */
import { type PolicyName, policies } from './policies.js';
import { keysOf, replay } from './replay.js';
import { type Measured, shares } from './report.js';
import { makeTrace, traceSpecs } from './traces.js';

const [name, objects, requests, seed] = process.argv.slice(2);
const make = policies[name as PolicyName]; // The command names one of them.

const measured: Measured[] = [];
for (const spec of traceSpecs) {
  const trace = makeTrace(spec, { objects: Number(objects), requests: Number(requests) }, Number(seed));
  const keys = keysOf(trace);
  for (const share of shares) {
    const bytesMax = Math.floor(trace.catalogueBytes * share);
    const before = process.cpuUsage();
    const replayed = replay(trace, keys, make(bytesMax));
    const { user, system } = process.cpuUsage(before);
    if (replayed.peakBytes > bytesMax) throw new Error(`${name} kept ${replayed.peakBytes} bytes of ${bytesMax}`);
    const cpuNs = ((user + system) * 1_000) / trace.requests.length;
    measured.push({ policy: name as PolicyName, trace: trace.id, share, cpuNs, ...replayed });
  }
}
process.stdout.write(JSON.stringify(measured));
