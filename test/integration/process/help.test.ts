/** What a newcomer meets first: the help of each command, and the Tab key, which must not know less than the help. */
import { tmpdir } from 'node:os';
import { createProgram } from '@weir/deploy/program.js';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildFirst, LONG_MS, runWeir } from './weir-process.js';

beforeAll(buildFirst, 4 * LONG_MS);

const say = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runWeir(args, tmpdir());
  expect([args, code, stderr]).toEqual([args, 0, '']);
  return stdout;
};

/** Of a command by its words, as its own process would print it, which would take half a second for each of them. */
function helpOf(words: readonly string[]): string {
  const command = words.reduce<Command | undefined>(
    (above, word) => above?.commands.find((each) => each.name() === word),
    createProgram(),
  );
  let text = '';
  const writeOut = (piece: string): void => {
    text += piece;
  };
  command?.configureOutput({ writeOut, getOutHelpWidth: () => 80, getOutHasColors: () => false }).outputHelp();
  return text;
}

/** Programs of their own, which know their options themselves. */
const PASSED_ON = new Set(['test', 'bench', 'fuzz']);

describe('the help', () => {
  it('of every command says how it is used, and the Tab key completes every option that it names', async () => {
    const script = await say('completion', 'bash');
    const commands = [...script.matchAll(/^ {4}([a-z]+)\) words="([^"]*)"/gm)];
    const ofCommands = [...script.matchAll(/^ {4}"([a-z]+ [a-z-]+)"\) words="([^"]*)"/gm)];
    expect(ofCommands.map(([, name]) => name)).toEqual([
      ...['check', 'diff', 'yaml'].map((name) => `contract ${name}`),
      ...['list', 'add', 'rotate', 'revoke', 'signing'].map((name) => `keys ${name}`),
      ...['cache inspect'],
      ...['list', 'add', 'disable', 'enable', 'password', 'delete'].map((name) => `users ${name}`),
      ...['list', 'add', 'revoke'].map((name) => `tokens ${name}`),
      ...['list', 'add', 'delete', 'members', 'set-member', 'remove-member'].map((name) => `teams ${name}`),
      ...[
        'quick',
        'list',
        'show',
        'add',
        'import',
        'change',
        'draft',
        'check',
        'publish',
        'releases',
        'diff',
        'live',
      ].map((name) => `services ${name}`),
      ...['contract', 'yaml', 'deprecate', 'undeprecate', 'retire', 'restore', 'delete'].map(
        (name) => `services ${name}`,
      ),
      ...['list', 'add', 'disable', 'enable', 'delete'].map((name) => `apps ${name}`),
      ...['list', 'add', 'approve', 'reject', 'suspend', 'resume', 'delete'].map((name) => `subs ${name}`),
      ...['export', 'diff', 'apply'].map((name) => `registry ${name}`),
      ...['ai models', 'ai providers', 'ai spend'],
    ]);
    const top = await say('--help');
    expect(commands.map(([, name]) => name)).toEqual(
      [...top.matchAll(/^ {2}([a-z]+) .*$/gm)]
        .map(([, name]) => name)
        .filter((name) => /^(?!weir|help)/.test(name ?? '')),
    );
    for (const [, name = '', words = ''] of [...commands, ...ofCommands]) {
      const called = name.split(' ');
      const help = PASSED_ON.has(name) ? await say(name, '--help') : helpOf(called);
      expect(help).toMatch(/^Usage: /);
      // The paragraph that says what it does, as a sentence.
      expect([name, /\n\n(Targets|Commands|[A-Z][^\n]+)/.test(help)]).toEqual([name, true]);
      const named = new Set([...help.matchAll(/^ +(?:-\w, )?(--[a-z]+(?:-[a-z]+)*)/gm)].map(([, option]) => option));
      const completed = words.split(' ');
      expect([name, [...named].filter((option) => !completed.includes(option ?? ''))]).toEqual([name, []]);
      expect([
        name,
        completed.filter((word) => word.startsWith('--') && !help.includes(word) && word !== '--help'),
      ]).toEqual([name, []]);
    }
  }, 120_000);

  it('tells a default where there is one to tell, as it is written', () => {
    const published = helpOf(['services', 'publish']);
    expect(published).toMatch(/\(default: 100\)/);
    expect(helpOf(['rollout'])).toMatch(/\(default:\s+5m\)/);
    for (const words of [['services', 'quick'], ['services', 'publish'], ['rollout'], ['node'], ['cache', 'inspect']])
      expect([words, helpOf(words).match(/default:\s+(false|""|\[\]|\{\})/)]).toEqual([words, null]);
  });

  it('is that of the program itself', async () => {
    for (const words of [['up'], ['services', 'publish']]) expect(await say(...words, '--help')).toBe(helpOf(words));
  });
});
