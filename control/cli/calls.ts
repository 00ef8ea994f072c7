/** `weir audit` and `weir calls`: who has changed what, and what was called lately. */
import type { Command } from 'commander';
import { type ManageOptions, manage, tell } from './manage.js';
import { columns, printable } from './terminal.js';
import { done, withBoth } from './users.js';

interface Entry {
  readonly number: number;
  readonly atWallMs: number;
  readonly what: string;
  readonly on: string;
  readonly actor: { readonly login: string; readonly via: string; readonly from: string };
}

interface Call {
  readonly atWallMs: number;
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly tookMs: number;
  readonly timer: string;
  readonly consumer: string;
  readonly isSaved: boolean;
  readonly node: string;
}

const EXIT_CODES = `
Exit codes:
  0  done
  1  nothing answers, or you may not
`;

export function registerAudit(program: Command): void {
  withBoth(program.command('audit'))
    .summary('who has changed what, and when')
    .description('Shows what was done to users, teams, services, applications and keys, newest first.')
    .option('--who <login>', 'by that user')
    .option('--what <command>', 'of that kind, such as service.publish')
    .option('--on <thing>', 'to that thing, such as "service shop"')
    .option('--max <n>', 'at most so many', '50')
    .addHelpText('after', `${EXIT_CODES}\nExamples:\n  weir audit --who ada\n  weir audit --json | jq '.items[].what'`)
    .action(async (options: AuditOptions) => done(await audit(options)));
}

export function registerCalls(program: Command): void {
  withBoth(program.command('calls'))
    .summary('what was called lately, call by call')
    .description('Shows the latest calls that nodes have told of, newest first.')
    .option('--service <id>', 'of that service')
    .option('--route <id>', 'of that route')
    .option('--app <id>', 'by that application or consumer')
    .option('--status <status>', 'with that status, or 5xx')
    .option('--timer <name>', 'that ran into that timer, or into any')
    .option('--trace <id>', 'of that trace')
    .option('--saved', 'answered well though something ran into a timer', false)
    .option('--max <n>', 'at most so many', '50')
    .addHelpText(
      'after',
      `${EXIT_CODES}\nExamples:\n  weir calls --status 5xx\n  weir calls --timer any --service shop`,
    )
    .action(async (options: CallsOptions) => done(await calls(options)));
}

type AuditOptions = ManageOptions & {
  readonly who?: string;
  readonly what?: string;
  readonly on?: string;
  readonly max: string;
};
type CallsOptions = ManageOptions & {
  readonly service?: string;
  readonly route?: string;
  readonly app?: string;
  readonly status?: string;
  readonly timer?: string;
  readonly trace?: string;
  readonly saved: boolean;
  readonly max: string;
};

function queryOf(fields: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, value);
  return query.toString();
}

const time = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ');

async function audit({ who, what, on, max, ...options }: AuditOptions): Promise<boolean> {
  const told = await manage<{ readonly items: readonly Entry[] }>(
    'GET',
    `/v1/audit?${queryOf({ who, what, on, max })}`,
    options,
  );
  if (told === null) return false;
  const rows = told.items.map(({ number, atWallMs, what: done, on: thing, actor }) =>
    [String(number), time(atWallMs), actor.login || '-', actor.via, actor.from || '-', done, thing].map(printable),
  );
  tell(told, options, columns([['NO', 'WHEN (UTC)', 'WHO', 'BY', 'FROM', 'WHAT', 'ON'], ...rows]).join('\n'));
  return true;
}

async function calls({
  service,
  route,
  app,
  status,
  timer,
  trace,
  saved,
  max,
  ...options
}: CallsOptions): Promise<boolean> {
  const query = queryOf({
    service,
    route,
    consumer: app,
    status,
    timer,
    trace,
    saved: saved ? 'true' : undefined,
    max,
  });
  const told = await manage<{ readonly items: readonly Call[] }>('GET', `/v1/insight/calls?${query}`, options);
  if (told === null) return false;
  const rows = told.items.map((call) =>
    [
      ...[time(call.atWallMs), String(call.status), `${call.tookMs} ms`, call.timer || (call.isSaved ? 'saved' : '-')],
      ...[call.route || '-', call.consumer || '-', call.node, `${call.method} ${call.path}`],
    ].map(printable),
  );
  tell(
    told,
    options,
    columns([['WHEN (UTC)', 'STATUS', 'TOOK', 'TIMER', 'ROUTE', 'CONSUMER', 'NODE', 'REQUEST'], ...rows]).join('\n'),
  );
  return true;
}
