import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { formatReport, registerCheck } from './check.js';

let folder = '';
let file = '';
let printed = '';

beforeEach(async () => {
  process.exitCode = undefined;
  folder = await mkdtemp(join(tmpdir(), 'weir-check-'));
  file = join(folder, 'weir.yaml');
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  await rm(folder, { recursive: true });
});

async function check(content: string, ...flags: string[]) {
  await writeFile(file, content);
  const program = new Command('weir').exitOverride();
  registerCheck(program);
  await program.parseAsync(['check', ...flags, file], { from: 'user' });
  return { printed: printed.replaceAll(file, 'weir.yaml'), exitCode: process.exitCode };
}

const SOUND = 'upstreams: [{ id: app, targets: http://a }]\nroutes: [{ match: / }, { match: /b }]\n';

it('a sound file gets one line and exit code 0', async () => {
  expect(await check(SOUND)).toEqual({ printed: 'weir.yaml: ok: 1 upstream, 2 routes\n', exitCode: undefined });
});

it('a file with models is told with its providers and names', async () => {
  const models =
    'ai: { providers: [ollama], models: { a: ollama/x, b: ollama/y } }\nroutes: [{ match: /v1/*, ai: true }]';
  expect((await check(models)).printed).toBe('weir.yaml: ok: 0 upstreams, 1 provider, 2 models, 1 route\n');
});

it('a warning is printed and leaves the exit code 0', async () => {
  const { printed: output, exitCode } = await check(`${SOUND}gateway: { timeouts: { attempt: 1m } }\n`);
  expect(output).toBe(
    [
      'weir.yaml:3:24 warning gateway.timeouts.attempt: attempt (1m) can never fire: total (30s) ends the request first',
      '    lower attempt, or raise total',
      'weir.yaml: ok: 1 upstream, 2 routes, 1 warning',
      '',
    ].join('\n'),
  );
  expect(exitCode).toBeUndefined();
});

it('every fault is printed with its place and its cure, and the exit code is 1', async () => {
  const { printed: output, exitCode } = await check(`${SOUND}gatway: {}\ngateway: { listen: x }\n`);
  expect(output).toBe(
    [
      'weir.yaml:3:1 gatway: the key "gatway" is not known',
      '    did you mean gateway?',
      'weir.yaml:4:12 gateway.listen: "x" is not a listen address',
      '    write an address and a port, such as 127.0.0.1:8080, or 0.0.0.0:8080 for all interfaces',
      'weir.yaml: 2 errors',
      '',
    ].join('\n'),
  );
  expect(exitCode).toBe(1);
});

it('--json prints the same for programs', async () => {
  const { printed: output, exitCode } = await check(`${SOUND}gatway: {}\n`, '--json');
  expect(JSON.parse(output)).toMatchObject({
    ok: false,
    faults: [{ severity: 'error', line: 3, column: 1, path: 'gatway' }],
  });
  expect(exitCode).toBe(1);
});

it('a file that is not there is a fault, not a stack trace', async () => {
  const program = new Command('weir').exitOverride();
  registerCheck(program);
  await program.parseAsync(['check', join(folder, 'none.yaml')], { from: 'user' });
  expect(printed).toContain('the file does not exist');
  expect(process.exitCode).toBe(1);
});

it('colour is only for terminals, and a hostile file cannot paint', async () => {
  const fault = { severity: 'error', line: 1, column: 1, path: '\u001b[31mx', message: 'bad', cure: null } as const;
  const report = { file: 'f', ok: false, faults: [fault], summary: '1 error' };
  expect(formatReport(report, false)).not.toContain('\u001b');
  expect(formatReport(report, true)).toContain('\u001b[31mbad');
  expect(formatReport(report, true)).not.toContain('\u001b[31mx');
});

it.each([
  ['{ redis: true }', 'ok: 1 upstream, 1 route; gateway.cache.redis needs `weir up --redis URL`'],
  ['{ redis: { maxBody: 1MiB } }', 'needs `weir up --redis URL`'],
  ['{ redis: false }', 'ok: 1 upstream, 1 route\n'],
  ['{}', 'ok: 1 upstream, 1 route\n'],
])('gateway.cache %s: what a file cannot know is named in the last line', async (cache, words) => {
  const text = `gateway: { cache: ${cache} }\nupstreams: [{ targets: http://a }]\nroutes: [{ match: /, cache: true }]\n`;
  expect((await check(text)).printed).toContain(words);
});

it('the help shows what to type and what comes out', () => {
  const program = new Command('weir');
  registerCheck(program);
  const [command] = program.commands;
  let help = '';
  command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  expect(help).toContain('$ weir check weir.yaml');
  expect(help).toMatch(/--json/);
});
