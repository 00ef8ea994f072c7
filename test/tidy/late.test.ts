import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadedAtStart } from './late.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Each takes 4 to 20 MiB of a node that has no use for it, and a node's memory is promised. */
const needed = /^(?:undici|ioredis|nats|@pydantic\/|@opentelemetry\/)/;

it('a node loads at its start nothing that only some snapshots need', () => {
  const loaded = [...loadedAtStart(root, 'node/main.ts')];
  // The walk has come far: through the link, the chain, and down to the transport.
  for (const path of ['proto/events/node-link.ts', 'node/pipeline/chain.ts', 'node/layers/ai.ts', 'prom-client']) {
    expect(loaded).toContain(path);
  }
  expect(loaded.filter((path) => path.startsWith('node/ai/'))).toEqual(['node/ai/gateway/late-ai.ts']);
  expect(loaded.filter((path) => path.startsWith('node/mcp/'))).toEqual(['node/mcp/late-mcp.ts']);
  expect(loaded.filter((path) => needed.test(path))).toEqual([]);
}, 120_000); // Hundreds of files are parsed, on a machine that may be busy.

it('the command line reads its options without any package but its own', () => {
  const loaded = [...loadedAtStart(root, 'deploy/main.ts')];
  for (const path of ['control/cli/services.ts', 'deploy/commands/up.ts']) expect(loaded).toContain(path);
  // Schemas and YAML are half of a start of half a second, and most commands have no use for them.
  expect(loaded.filter((path) => !path.endsWith('.ts') && !path.startsWith('node:'))).toEqual(['commander']);
}, 120_000);
