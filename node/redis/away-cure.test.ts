import { expect, it } from 'vitest';
import { awayCure } from './away-cure.js';

it.each([
  ['WRONGPASS invalid username-password pair or user is disabled.', 'user and password'],
  ['NOAUTH Authentication required.', 'user and password'],
  ["NOPERM User weir has no permissions to run the 'evalsha' command", 'ACL'],
  ["READONLY You can't write against a read only replica.", 'primary'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'maxmemory'],
  ['MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.', 'disk'],
  ['LOADING Redis is loading the dataset in memory', 'reads its data'],
  ['connect ECONNREFUSED 127.0.0.1:6379', 'it is tried until it is back'],
  ['', 'it is tried until it is back'],
])('for a Redis that says %s the cure names %s', (why, named) => {
  expect(awayCure(why)).toContain(named);
});
