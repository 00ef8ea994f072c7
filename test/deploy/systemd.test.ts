import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readNatsPlace } from '@weir/proto/bus/nats-place.js';
import { describe, expect, it } from 'vitest';
import { weirProgram } from '../support/built.js';
import { programPath } from '../support/programs.js';
import { onStage } from '../support/stage.js';
import { parseCommand } from './parsed-command.js';

const folder = fileURLToPath(new URL('../../deploy/systemd/', import.meta.url));
const units = readdirSync(folder).filter((name) => name.endsWith('.service'));
const text = (unit: string): string => readFileSync(join(folder, unit), 'utf8');

/** Of a hundred, as systemd rates it: a unit without its protections has 92. */
const EXPOSURE_MAX = 20;

function settingOf(unit: string, name: string): string {
  const value = new RegExp(`^${name}=(.*)$`, 'm').exec(text(unit))?.[1];
  if (value === undefined) throw new Error(`${unit} has no ${name}=`);
  return value;
}

/** As systemd takes a command line apart (systemd.service(5)), as far as these units go: quotes, `$$`, and `%H`. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/'[^']*'|[^\s']+/g) ?? [];
  return words.map((word) => word.replace(/^'|'$/g, '').replaceAll('$$', '$').replaceAll('%H', 'machine-1'));
}

describe('each systemd unit', () => {
  it.each(units)('%s is understood by systemd, and shuts out most of what an intruder could use', (unit) =>
    onStage((stage) => {
      const at = join(stage.folder(), unit);
      // systemd wants to find the program, which is installed elsewhere.
      writeFileSync(at, text(unit).replaceAll('/opt/weir/weir', weirProgram));
      const analyze = (...args: readonly string[]): string =>
        execFileSync(programPath('systemd-analyze'), [...args, at], { encoding: 'utf8', stdio: 'pipe' });
      analyze('verify', '--man=no');
      analyze('security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager');
      return Promise.resolve();
    }),
  );

  it.each([
    ['weir.service', 'up'],
    ['weir-node.service', 'node'],
    ['weir-control.service', 'control'],
  ])('%s runs weir %s with options that it takes, and keeps its state where systemd makes a folder', (unit, name) => {
    const [program, ...words] = wordsOf(settingOf(unit, 'ExecStart'));
    expect(program).toBe('/opt/weir/weir');
    // A file of keys is read as the option is; here it is a key itself.
    const key = 'weir-public-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    const parsed = parseCommand(words.map((word) => (word === '/etc/weir/trusted' ? key : word)));
    expect(parsed.name).toBe(name);
    expect(parsed.options).toMatchObject({ data: `/var/lib/${settingOf(unit, 'StateDirectory')}` });
    if (name === 'up') return;
    const { nats } = parsed.options as { readonly nats: string }; // A required option of both.
    expect(readNatsPlace(nats, {})).toMatchObject({ ok: false, reason: 'the environment lacks NATS_PASSWORD' });
    expect(readNatsPlace(nats, { NATS_PASSWORD: 'x' })).toMatchObject({ ok: true, place: { isTls: true } });
  });

  it('waits longer than a drain takes before it kills', () => {
    for (const unit of ['weir.service', 'weir-node.service'])
      expect(Number(settingOf(unit, 'TimeoutStopSec'))).toBeGreaterThan(35);
  });
});
