/** `weir doctor`: asks the nodes which timeouts they have seen and why, and what could be asked better; shows both by route. */
import type { DoctorReport } from '@weir/proto/events/doctor.js';
import type { Command } from 'commander';
import type { ControlStatus } from '../api/control-status.js';
import { joined } from '../insight/doctor-reports.js';
import { askJson, baseOf } from './ask.js';
import { withAdmin } from './credential.js';
import { showDoctor } from './show-doctor.js';
import { noAdmin } from './status.js';
import { paintFor, printable } from './terminal.js';

interface DoctorOptions {
  readonly json: boolean;
  readonly admin: string;
  readonly metrics?: string;
}

const HELP = `
Every timeout, and every answer that came with less than a fifth of a limit left, is filed under one cause: server
overload, network latency, resource limits, wrong configuration, or API design. For each there is the evidence and the
change that would cure it: a line of the config as \`path: from → to\`, or advice. Counts are since the start of a node,
or since a reload that dropped the route.

Below them stands what would make calls fewer and answers smaller, as the traffic of the last minutes shows it: what it
is about, what would be saved of that traffic, and the change. Advice is no fault, and has no exit code.

Exit codes:
  0  no timer has fired; there may be near-timeouts
  1  nothing answers at that address, or there is no such route
  3  timers have fired

Examples:
  weir doctor
  weir doctor orders-read
  weir doctor --json | jq -r '.cases[].verdict.changes[] | select(.path) | "\\(.path): \\(.to)"'
  weir doctor --json | jq '.advice[] | {kind, routes, saving, changes}'
  weir doctor --metrics 127.0.0.1:9090        one node, without the admin API`;

export function registerDoctor(program: Command): void {
  withAdmin(program.command('doctor'))
    .summary('say why requests time out, what would cure it, and what could be asked better')
    .description(
      'Shows the timeouts of this gateway by route, worst first: cause, evidence, and the change to make. Then how calls could be fewer and answers smaller.',
    )
    .argument('[route]', 'id of the route to look at; all of them without it')
    .option('--json', 'print cases, with their worst examples, and advice as JSON', false)
    .option('--metrics <url>', "where a node's metrics are, to ask that one directly")
    .addHelpText('after', HELP)
    .action(async (route: string | undefined, options: DoctorOptions) => {
      process.exitCode = await doctor(route, options);
    });
}

async function doctor(route: string | undefined, { json, admin, metrics }: DoctorOptions): Promise<number> {
  const asked = metrics === undefined ? await nodesOf(baseOf(admin)) : { nodes: [baseOf(metrics)], routes: null };
  if (asked === null) return 1;
  const { nodes, routes } = asked;
  const reports: DoctorReport[] = [];
  for (const node of nodes) {
    const report = await reportOf(node);
    if (report !== null) reports.push(report);
  }
  if (reports.length === 0) return 1;
  const whole = joined(reports);
  const chosen = route === undefined ? whole : ofRoute(whole, route);
  // A case may be that of a route which a reload has dropped.
  if (route !== undefined && chosen.cases.length === 0 && routes !== null && !routes.includes(route)) {
    process.stderr.write(`${noRoute(route, routes)}\n`);
    return 1;
  }
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  process.stdout.write(json ? `${JSON.stringify(chosen, null, 2)}\n` : showDoctor(chosen, route ?? null, paint));
  return chosen.cases.some(({ kind }) => kind === 'fired') ? 3 : 0;
}

function ofRoute(whole: DoctorReport, route: string): DoctorReport {
  const cases = whole.cases.filter((one) => one.route === route);
  return { ...whole, cases, advice: (whole.advice ?? []).filter(({ routes }) => routes.includes(route)) };
}

const ROUTES_NAMED = 8;

/** A typo must not read as an all-clear. */
export function noRoute(route: string, routes: readonly string[]): string {
  const named = routes.slice(0, ROUTES_NAMED).map(printable).join(', ');
  const more = routes.length > ROUTES_NAMED ? ` and ${routes.length - ROUTES_NAMED} more` : '';
  return `weir: there is no route ${printable(route)}. Routes: ${named}${more}.`;
}

/** Where the metrics of the nodes are and which routes they run, or null after it was said why that is not known. */
async function nodesOf(admin: string): Promise<{ nodes: string[]; routes: readonly string[] } | null> {
  const asked = await askJson<ControlStatus>('/status', admin, 'nodes');
  if (asked.kind !== 'answer') {
    process.stderr.write(noAdmin(asked, admin));
    return null;
  }
  const { nodes: supervised, routes } = asked.told;
  const nodes = supervised.flatMap(({ metrics }) => metrics ?? []);
  if (nodes.length > 0) return { nodes, routes };
  process.stderr.write('weir: no node is running, so there is nobody to ask. `weir status` tells more.\n');
  return null;
}

async function reportOf(node: string): Promise<DoctorReport | null> {
  const asked = await askJson<DoctorReport>('/doctor', node, 'cases', {});
  if (asked.kind === 'answer') return asked.told;
  const why =
    asked.kind === 'silence' ? `does not answer (${asked.reason})` : `answers ${asked.status}, and not as a node does`;
  process.stderr.write(`weir: the node at ${new URL(node).host} ${why}. --metrics names the address of another.\n`);
  return null;
}
