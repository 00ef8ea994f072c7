/** The doctor's cases and its advice as text for people, by route, the worst first. Pure. */
import type { Advice } from '@weir/proto/events/advice.js';
import { adviceTitles, savingInWords } from '@weir/proto/events/advice-words.js';
import type { Change, DoctorCase, DoctorReport } from '@weir/proto/events/doctor.js';
import { type Paint, printable, showDuration } from './terminal.js';

/** `route`: the one that was asked for, null for all. */
export function showDoctor(report: DoctorReport, route: string | null, paint: Paint): string {
  const { cases, forgotten, advice = [] } = report;
  const since = `in the last ${showDuration(Math.max(0, report.nowWallMs - report.sinceWallMs))}`;
  const where = route === null ? '' : ` on route ${printable(route)}`;
  if (cases.length === 0) return `${nothingFound(since, where, paint)}${showAdvice(advice, paint)}`;
  const lines = [`${paint.bold('weir doctor')}: ${summary(cases)}${where} ${since}`];
  for (const [id, ofRoute] of byRoute(cases)) {
    lines.push('', paint.bold(`route ${printable(id)}`));
    for (const one of ofRoute) lines.push(...showCase(one, report.nowWallMs, paint));
  }
  if (forgotten > 0) lines.push('', paint.dim(`${forgotten} older cases were forgotten: there were too many.`));
  return `${lines.join('\n')}\n${showAdvice(advice, paint)}`;
}

/** Empty where there is none. */
function showAdvice(advice: readonly Advice[], paint: Paint): string {
  if (advice.length === 0) return '';
  const lines = ['', paint.bold('fewer calls, smaller answers')];
  for (const { kind, routes, certainty, evidence, changes, saving } of advice) {
    const how = certainty === 'clear' ? '' : paint.dim(` (${certainty})`);
    lines.push(
      `  ${paint.yellow(adviceTitles[kind])}, route ${routes.map(printable).join(', ')}${how}`,
      ...evidence.map((sentence) => `    ${printable(sentence)}`),
      ...savingInWords(saving).map((measure) => `    ${paint.bold(measure)}`),
      ...changes.map((change) => `    ${paint.green('→')} ${showChange(change)}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function nothingFound(since: string, where: string, paint: Paint): string {
  return [
    `${paint.green('nothing to report')}: no timeout and no near-timeout${where} ${since}`,
    'Limits are in `timeouts` of the gateway, of upstreams and of routes; `weir check` finds those that contradict each other.',
    '',
  ].join('\n');
}

function summary(cases: readonly DoctorCase[]): string {
  const count = (of: DoctorCase['kind']): number =>
    cases.reduce((sum, { kind, count: times }) => sum + (kind === of ? times : 0), 0);
  const fired = count('fired');
  const near = count('near');
  const parts = [];
  if (fired > 0) parts.push(`${fired} timeout${fired === 1 ? '' : 's'}`);
  if (near > 0) parts.push(`${near} near-timeout${near === 1 ? '' : 's'}`);
  return parts.join(' and ');
}

/** Routes in the order of their worst case; the cases are sorted already. */
function byRoute(cases: readonly DoctorCase[]): ReadonlyMap<string, readonly DoctorCase[]> {
  const routes = new Map<string, DoctorCase[]>();
  for (const one of cases) {
    const known = routes.get(one.route);
    if (known === undefined) routes.set(one.route, [one]);
    else known.push(one);
  }
  return routes;
}

function showCase(one: DoctorCase, nowWallMs: number, paint: Paint): string[] {
  const { verdict, kind, timer, count, lastWallMs } = one;
  const what = kind === 'fired' ? paint.red(told(timer)) : paint.yellow(`nearly ${told(timer)}`);
  const target = one.target === '' ? '' : ` at ${printable(one.target)}`;
  const when = `${count}×, last ${showDuration(Math.max(0, nowWallMs - lastWallMs))} ago`;
  const how = verdict.certainty === 'clear' ? '' : paint.dim(` (${verdict.certainty})`);
  return [
    `  ${what}${target}, ${when}: ${paint.bold(verdict.cause)}${how}`,
    ...verdict.evidence.map((sentence) => `    ${printable(sentence)}`),
    ...verdict.changes.map((change) => `    ${paint.green('→')} ${showChange(change)}`),
  ];
}

function told(timer: DoctorCase['timer']): string {
  return timer === 'client' ? 'the client left' : `${timer} fired`;
}

function showChange(change: Change): string {
  if (change.kind === 'advice') return printable(change.text);
  return `${printable(change.path)}: ${printable(change.from)} → ${printable(change.to)}`;
}
