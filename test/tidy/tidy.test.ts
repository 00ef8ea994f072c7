import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { edges } from './rules.js';
import { describeViolation, tidyFile, tidyTree } from './tidy.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const CLONE = '/srv/clones/weir';
const HEADER = '/** A file. */\n';

/** Rules that the text breaks when it stands at the path. */
function broken(path: string, text: string): string[] {
  return [...new Set(tidyFile(path, text, CLONE).map((violation) => violation.rule))];
}

const source = (path: string, code: string): string[] => broken(path, HEADER + code);

describe('the house', () => {
  it('holds every rule in every file', () => {
    expect(tidyTree(root).map(describeViolation)).toEqual([]);
  }, 120_000); // Every file is parsed: a busy machine needs longer than a test usually may.

  it('names only edges that exist, and gives a reason for each', () => {
    expect(edges.filter(({ at }) => !existsSync(join(root, at))).map(({ at }) => at)).toEqual([]);
    expect(edges.every(({ reason }) => reason.length > 10)).toBe(true);
  });
});

describe('the code map of ARCHITECTURE.md', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const map = text.slice(text.indexOf('## Code map'), text.indexOf('## Decisions'));
  /** Of each line, in the words of its first cell; what has no slash stands beside the first of them. */
  const lines = [...map.matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell = '']) => {
    const [first = '', ...others] = [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
    return [first, ...others.map((path) => (path.includes('/') ? path : join(dirname(first), path)))];
  });
  const paths = lines.flat();

  it('names what exists, and each once', () => {
    expect(lines.length).toBeGreaterThan(50);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(paths.filter((path, at) => paths.indexOf(path) !== at)).toEqual([]);
  });

  it('has a line for each folder of proto, node and control', () => {
    const folders = ['proto', 'node', 'control'].flatMap((workspace) =>
      readdirSync(join(root, workspace), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !/^(?:\.|dist$|node_modules$)/.test(entry.name))
        .map(({ name }) => `${workspace}/${name}`),
    );
    const isNamed = (folder: string): boolean => paths.some((path) => path === folder || path.startsWith(`${folder}/`));
    expect(folders.filter((folder) => !isNamed(folder))).toEqual([]);
  });
});

describe('import direction', () => {
  const planted: [path: string, specifier: string, rule: string][] = [
    ['proto/http/a.ts', '@weir/node/time/clock.js', 'import-direction'],
    ['proto/http/a.ts', '@weir/control/api/server.js', 'import-direction'],
    ['node/time/a.ts', '@weir/control/api/server.js', 'import-direction'],
    ['control/api/a.ts', '@weir/node/time/clock.js', 'import-direction'],
    ['control/api/a.ts', '@weir/deploy/main.js', 'import-direction'],
    ['deploy/a.ts', '@weir/test/run/main.js', 'import-direction'],
    ['bench/a.ts', '@weir/test/run/main.js', 'import-direction'],
    ['node/time/a.ts', '../../control/api/server.js', 'import-direction'],
    ['node/time/a.ts', '@weir/node/time/clock.js', 'import-form'],
    ['node/time/a.ts', '../../proto/http/headers.js', 'import-form'],
    ['node/time/a.ts', '../layers/retry.js', 'layering'],
    ['node/pipeline/runtime.ts', '../layers/retry.js', 'layering'],
    ['node/layers/retry.ts', '../pipeline/chain.js', 'layering'],
    ['node/layers/retry.ts', 'undici', 'sockets'],
    ['proto/http/a.ts', 'ws', 'sockets'],
  ];
  it.each(planted)('sees %s import %s', (path, specifier, rule) => {
    for (const code of [
      `import { x } from '${specifier}';\nx();\n`,
      `export { x } from '${specifier}';\nexport const y = 1;\n`,
      `export const x = () => import('${specifier}');\n`,
    ]) {
      expect(source(path, code)).toContain(rule);
    }
  });

  const allowed: [path: string, specifier: string][] = [
    ['node/time/a.ts', '@weir/proto/http/headers.js'],
    ['control/api/a.ts', '@weir/proto/http/headers.js'],
    ['deploy/a.ts', '@weir/node/main.js'],
    ['deploy/a.ts', '@weir/control/api/server.js'],
    ['test/a.ts', '@weir/bench/main.js'],
    ['node/pipeline/chain.ts', '../layers/retry.js'],
    ['node/layers/retry.ts', '../time/clock.js'],
    ['node/layers/retry.test.ts', 'undici'],
    ['node/upstream/transport/pool.ts', 'undici'],
    ['node/time/a.ts', 'lru-cache'],
  ];
  it.each(allowed)('lets %s import %s', (path, specifier) => {
    expect(source(path, `import { x } from '${specifier}';\nx();\n`)).toEqual([]);
  });

  it('lets a layer import the type of a place in the chain', () => {
    const code = "import type { Place } from '../pipeline/chain.js';\nexport type P = Place;\n";
    expect(source('node/layers/retry.ts', code)).toEqual([]);
  });

  it('lets a type be imported from a package that opens connections', () => {
    expect(source('node/layers/a.ts', "import type { Pool } from 'undici';\nexport type P = Pool;\n")).toEqual([]);
  });
});

describe('purity', () => {
  const planted = [
    "import { readFileSync } from 'node:fs';\nreadFileSync('x');",
    'export const t = () => Date.now();',
    'export const t = () => new Date();',
    'export const t = () => performance.now();',
    'export const r = () => Math.random();',
    'export const r = () => crypto.randomUUID();',
    'setTimeout(() => {}, 1);',
    'setInterval(() => {}, 1);',
    'setImmediate(() => {});',
    'export const s = () => AbortSignal.timeout(5);',
    'export const e = () => process.env;',
    "export const f = () => fetch('http://localhost');",
  ];
  it.each(planted)('sees %s in pure code', (code) => {
    expect(source('node/time/a.ts', `${code}\n`)).toEqual(['purity']);
    expect(source('node/time/a.test.ts', `${code}\n`)).toEqual([]);
    expect(source('node/process/a.ts', `${code}\n`)).toEqual([]);
  });

  it('lets a date be made from given milliseconds, and time be passed in under the name of the global', () => {
    expect(source('node/time/a.ts', 'export const d = (ms: number) => new Date(ms);\n')).toEqual([]);
    expect(source('node/time/a.ts', 'export const w = (setTimeout: () => void) => setTimeout();\n')).toEqual([]);
  });

  it('gives an edge no more than its own powers', () => {
    expect(source('node/listener/a.ts', "import net from 'node:net';\nnet.isIP('');\n")).toEqual([]);
    expect(source('node/listener/a.ts', 'export const r = () => Math.random();\n')).toEqual(['purity']);
    expect(source('node/time/system-clock.ts', "import net from 'node:net';\nnet.isIP('');\n")).toContain('sockets');
  });
});

describe('shape', () => {
  const lines = (count: number): string => 'export {};\n'.repeat(count);

  it('sees a file of more than 500 lines', () => {
    expect(source('node/time/a.ts', lines(500))).toEqual(['file-length']);
    expect(source('node/time/a.ts', lines(499))).toEqual([]);
    expect(source('node/time/a.test.ts', lines(500))).toEqual(['file-length']);
  });

  it('sees a function of 70 lines, of each kind', () => {
    const body = (count: number): string => '  x();\n'.repeat(count);
    const kinds = [
      (count: number) => `export function f(x: () => void): void {\n${body(count)}}\n`,
      (count: number) => `export const f = (x: () => void): void => {\n${body(count)}};\n`,
      (count: number) => `export const f = function f(x: () => void): void {\n${body(count)}};\n`,
      (count: number) => `export class C {\nf(x: () => void): void {\n${body(count)}}\n}\n`,
      (count: number) => `export const o = {\nf(x: () => void): void {\n${body(count)}},\n};\n`,
    ];
    for (const kind of kinds) {
      expect(source('node/time/a.ts', kind(68))).toEqual(['function-length']);
      expect(source('node/time/a.ts', kind(67))).toEqual([]);
    }
  });

  it('lets a describe block group as many cases as it likes, but no case is that long', () => {
    const long = '  x();\n'.repeat(100);
    expect(source('node/time/a.test.ts', `describe('a', () => {\n${long}});\n`)).toEqual([]);
    const suite = `export function suite(x: () => void): void {\n${"  it('a', x);\n".repeat(100)}}\n`;
    expect(source('test/conformance/a.ts', suite)).toEqual([]);
    expect(source('node/time/a.test.ts', `it('a', () => {\n${long}});\n`)).toEqual(['function-length']);
  });

  it('sees a file without a header comment, unless it is a test', () => {
    expect(broken('node/time/a.ts', 'export const x = 1;\n')).toEqual(['file-header']);
    expect(broken('node/time/a.ts', '#!/usr/bin/env node\n// Why.\nexport const x = 1;\n')).toEqual([]);
    expect(broken('node/time/a.test.ts', 'export const x = 1;\n')).toEqual([]);
  });

  it('sees barrels', () => {
    expect(source('node/time/a.ts', "export * from './clock.js';\nexport const x = 1;\n")).toEqual(['barrel']);
    expect(source('node/time/a.ts', "export { Clock } from './clock.js';\n")).toEqual(['barrel']);
    expect(source('node/time/a.ts', "export { Clock } from './clock.js';\nexport const x = 1;\n")).toEqual([]);
  });

  it.each(['camelCase', 'Pascal', 'snake_case', 'string-utils', 'utils', 'cache-manager', 'data', 'test-helper.test'])(
    'sees the file name %s.ts',
    (name) => {
      expect(source(`node/time/${name}.ts`, 'export const x = 1;\n')).toEqual(['file-name']);
    },
  );

  it.each(['clock', 'system-clock', 'h2-pool', 'clock.test', 'dataplane'])('lets a file be called %s.ts', (name) => {
    expect(source(`node/time/${name}.ts`, 'export const x = 1;\n')).toEqual([]);
  });
});

describe('leftovers', () => {
  const planted = [
    '// TODO later',
    '/* FIXME */',
    'export const x = 1; // XXX',
    '// @ts-ignore',
    '// @ts-expect-error it is wrong',
    '// @ts-nocheck',
    '// biome-ignore lint/a/b: ok',
    '// biome-ignore lint/a/b:',
    'export const x = (y: any) => y;',
    'export const x = [] as any[];',
    "it.skip('a', () => {});",
    "it.only('a', () => {});",
    "describe.skip('a', () => {});",
    "test.todo('a');",
    'debugger;',
  ];
  it.each(planted)('sees %s', (code) => {
    expect(source('node/time/a.test.ts', `${code}\n`)).toEqual(['leftover']);
    expect(source('deploy/a.ts', `${code}\n`)).toContain('leftover');
  });

  it('sees a node that writes to the console, and lets the CLI do so', () => {
    expect(source('node/process/a.ts', "console.log('x');\n")).toEqual(['leftover']);
    expect(source('node/process/a.ts', "console.error('x');\n")).toEqual(['leftover']);
    expect(source('control/cli/a.ts', "console.log('x');\n")).toEqual([]);
  });

  it('is not misled by what only stands in a text', () => {
    const code =
      "export const a = '// TODO';\nexport const b = `// FIXME $" + '{a} // XXX`;\nexport const c = /TODO/;\n';
    expect(source('node/time/a.ts', code)).toEqual([]);
  });

  it('accepts a suppression that says why', () => {
    expect(source('node/time/a.ts', '// biome-ignore lint/a/b: the wire wants it so\n')).toEqual([]);
    expect(source('node/time/a.ts', '// biome-ignore-end lint/a/b: see above\n')).toEqual([]);
  });
});

describe('places', () => {
  // Put together here, or this file would break the rule that it tests.
  const home = ['', 'home', 'ada', 'weir'].join('/');
  const planted: [path: string, text: string][] = [
    ['README.md', `cd ${CLONE}/deploy`],
    ['README.md', `cd ${home}`],
    ['scripts/a.sh', `PATH=${['', 'root', '.nvm'].join('/')}`],
    ['package-lock.json', ['"resolved"', '"https://npm.example.com/x/-/x-1.0.0.tgz"'].join(': ')],
    ['.npmrc', ['registry', 'https://npm.example.com/'].join('=')],
    ['.npmrc', ['@weir:registry', 'http://10.0.0.1:4873/'].join(' = ')],
  ];
  it.each(planted)('sees a machine in %s: %s', (path, text) => {
    expect(broken(path, `${text}\n`)).toEqual(['place']);
  });

  it('lets the public registry, addresses and ordinary paths be', () => {
    expect(broken('package-lock.json', '"resolved": "https://registry.npmjs.org/x/-/x-1.0.0.tgz"\n')).toEqual([]);
    expect(broken('README.md', 'see https://example.com/home/ada/ and /etc/weir/weir.yaml\n')).toEqual([]);
  });
});
