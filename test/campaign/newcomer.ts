/**
 * From nothing to the first managed call, as somebody would go who has never seen it: a real `./weir up` in a folder with nothing of theirs, and then either
 * commands, or the console in a real Chromium. What is counted is what they type and click. Addresses are chosen freely here, where the usual ones may be
 * taken; so commands are told by WEIR_ADMIN where to find it, which nobody has to who starts it as it is. Packages and build are there.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { openBrowser, openPage } from '../support/browser.js';
import { ensureBuilt, weirProgram } from '../support/built.js';
import { onStage, type Stage, until } from '../support/stage.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import type { Report } from './campaign.js';

/** More of any of these is a longer way than is promised. */
const most = { commands: 3, clicks: 7, fields: 5 };

export async function runNewcomer(): Promise<Report> {
  await ensureBuilt();
  const quick = await onStage(byQuickCommand);
  const steps = await onStage(byEachCommand);
  const console = await onStage(atConsole);
  const broken = [
    ...(quick.commands > most.commands ? [`${quick.commands} commands, in place of ${most.commands}`] : []),
    ...(console.clicks > most.clicks ? [`${console.clicks} clicks, in place of ${most.clicks}`] : []),
    ...(console.fields > most.fields ? [`${console.fields} fields, in place of ${most.fields}`] : []),
  ];
  const figures = {
    'by commands': `${quick.commands} commands, ${showS(quick.tookMs)}`,
    'the same step by step': `${steps.commands} commands, ${showS(steps.tookMs)}`,
    'at the console': `1 command, ${console.clicks} clicks, ${console.fields} fields, ${showS(console.tookMs)} without what a person takes to read and type`,
    'of all of these, until it is up': `${showS(quick.upMs)}, ${showS(steps.upMs)}, ${showS(console.upMs)}`,
  };
  return { figures, broken };
}

const showS = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** What a newcomer has: a server of their own. */
async function ownServer(stage: Stage): Promise<string> {
  const server = createServer((request, response) => response.end(`you asked for ${request.url}\n`));
  stage.onEnd(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // It listens on a port.
}

/** Says nothing but where traffic comes in: the port that it has by itself may be taken. */
const CONFIG = 'gateway: { listen: "127.0.0.1:0" }\nroutes: [{ match: /, respond: { body: welcome } }]\n';

interface Begun {
  readonly server: string;
  readonly weir: WeirUp;
  readonly startedAtMs: number;
  readonly upMs: number;
}

async function begin(stage: Stage): Promise<Begun> {
  const server = await ownServer(stage);
  const startedAtMs = performance.now();
  const weir = await weirUp(stage, CONFIG);
  return { server, weir, startedAtMs, upMs: performance.now() - startedAtMs };
}

class Terminal {
  commands = 1; // `weir up` itself.
  readonly #weir: WeirUp;

  constructor(weir: WeirUp) {
    this.#weir = weir;
  }

  weir(...args: readonly string[]): Promise<string> {
    this.commands += 1;
    return this.#run(weirProgram, [...args, '--data', join(this.#weir.folder, 'state')]);
  }

  /** A line that was printed, pasted as it is. */
  pasted(line: string): Promise<string> {
    this.commands += 1;
    return this.again(line);
  }

  /** The same once more: what was published is in force a moment later. */
  again(line: string): Promise<string> {
    return this.#run('sh', ['-c', line]);
  }

  #run(program: string, args: readonly string[]): Promise<string> {
    const { admin, folder } = this.#weir;
    const env = { ...process.env, WEIR_ADMIN: admin };
    return new Promise((resolve, reject) => {
      execFile(program, args, { env, cwd: folder }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${program} ${args.join(' ')}: ${stderr}`)),
      );
    });
  }
}

interface Way {
  readonly commands: number;
  readonly tookMs: number;
  readonly upMs: number;
}

async function called(terminal: Terminal, line: string): Promise<void> {
  let answer = await terminal.pasted(line);
  await until(
    async () => {
      if (answer.startsWith('you asked for')) return true;
      answer = await terminal.again(line);
      return false;
    },
    () => `it was answered: ${answer}`,
  );
}

async function byQuickCommand(stage: Stage): Promise<Way> {
  const { server, weir, startedAtMs, upMs } = await begin(stage);
  const terminal = new Terminal(weir);
  const told = await terminal.weir('services', 'quick', 'shop', server);
  const [, line = ''] = /call it +(curl .*)$/m.exec(told) ?? [];
  await called(terminal, `${line.replace('curl', 'curl -s')}`);
  return { commands: terminal.commands, tookMs: performance.now() - startedAtMs, upMs };
}

/** By the commands that each do one thing. */
async function byEachCommand(stage: Stage): Promise<Way> {
  const { server, weir, startedAtMs, upMs } = await begin(stage);
  const terminal = new Terminal(weir);
  await terminal.weir('teams', 'add', 'web');
  await terminal.weir('services', 'add', 'shop', '--team', 'web');
  const design = `{ upstreams: [{ id: app, targets: ["${server}"] }], routes: [{ match: /* }] }`;
  await terminal.pasted(`printf %s '${design}' > design.yaml`);
  await terminal.weir('services', 'draft', 'shop', '--set', 'design.yaml');
  await terminal.weir('services', 'publish', 'shop');
  await terminal.weir('apps', 'add', 'phone', '--team', 'web');
  const [key = ''] = (await terminal.weir('keys', 'add', 'phone')).split('\n');
  const { id } = JSON.parse(await terminal.weir('subs', 'add', 'shop', 'phone', '--plan', 'default', '--json')) as {
    id: string;
  }; // An object of our own API.
  await terminal.weir('subs', 'approve', id);
  await called(terminal, `curl -s -H 'x-api-key: ${key}' http://127.0.0.1:${weir.port}/shop/`);
  return { commands: terminal.commands, tookMs: performance.now() - startedAtMs, upMs };
}

/** Whoever sits before it, by what the screen says. */
class AtScreen {
  clicks = 0;
  fields = 0;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async press(role: 'button' | 'link' | 'radio', name: string): Promise<void> {
    this.clicks += 1;
    if (role === 'radio') await this.#page.getByText(name, { exact: true }).click();
    else await this.#page.getByRole(role, { name, exact: true }).first().click();
  }

  async type(name: string, text: string): Promise<void> {
    this.fields += 1;
    await this.#page.getByRole('textbox', { name, exact: true }).fill(text);
  }
}

async function atConsole(stage: Stage): Promise<Omit<Way, 'commands'> & { clicks: number; fields: number }> {
  const { server, weir, startedAtMs, upMs } = await begin(stage);
  const browser = await openBrowser();
  stage.onEnd(() => browser.close());
  const { page, complaints } = await openPage(browser, weir.admin, { width: 1280, height: 900 }, 'light');
  const screen = new AtScreen(page);
  const password = /admin with password (\S+)/.exec(weir.said())?.[1] ?? '';
  await page.goto(`${weir.admin}/`);
  await screen.type('Password', password); // The name is there.
  await screen.press('button', 'Sign in');
  for (const name of ['New password', 'New password, again']) await screen.type(name, 'five words in a row');
  await screen.press('button', 'Change password');
  await screen.press('link', 'Services');
  await screen.press('link', 'New service');
  await screen.press('radio', 'By hand');
  await screen.type('Name', 'Shop');
  await screen.type('Server behind it', server);
  await screen.press('button', 'Publish it, with a key');
  await screen.press('button', 'Call it now');
  await page.getByText('you asked for /').waitFor();
  const tookMs = performance.now() - startedAtMs;
  if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join('; ')}`);
  return { tookMs, upMs, clicks: screen.clicks, fields: screen.fields };
}
