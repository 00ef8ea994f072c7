/**
 * The process that the campaign of the registry kills: it executes commands of every kind over the registry in a folder, as fast as they
 * are acknowledged, and says so line by line: `asked ID`, then `done ID NUMBER`, `refused ID` or `unknown ID`.
 */

import { randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { Actor } from '@weir/control/model/entities.js';
import { drawId } from '@weir/control/registry/draw.js';
import { openEmbeddedRegistry } from '@weir/control/registry/open-registry.js';
import { askFor } from './registry-commands.js';

const local: Actor = { userId: 'local', login: 'local', via: 'local', from: '' };

async function main([file = '', until = '0']: readonly string[]): Promise<void> {
  const said: string[] = [];
  const registry = await openEmbeddedRegistry({
    ...{ file, wallMs: () => Date.now(), say: (text) => void said.push(text) },
    reservedPaths: () => [],
  });
  // Written at once, and not kept in a buffer of this process: what was said has happened.
  const tell = (line: string): void => void writeSync(1, `${line}\n`);
  tell(`open ${registry.number}`);
  for (let done = 0; done < Number(until); ) {
    const id = drawId();
    const { what, input, facts } = askFor(registry, randomInt);
    tell(`asked ${id} ${what}`);
    const executed = await registry.execute({ id, what, input, facts, actor: local });
    if (executed.ok) {
      done += 1;
      tell(`done ${id} ${executed.entry.number}`);
    } else tell(`${executed.why === 'uncertain' ? 'unknown' : 'refused'} ${id} ${executed.why}`);
  }
  await registry.close();
  tell(`closed ${said.join('; ')}`);
}

await main(process.argv.slice(2));
