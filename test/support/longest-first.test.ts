import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './built.js';
import { LONG } from './longest-first.js';

it('what is to begin first is there', () => {
  expect(LONG.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
