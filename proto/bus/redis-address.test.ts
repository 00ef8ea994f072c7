import { describe, expect, it } from 'vitest';
import { shownRedisAddress } from './redis-address.js';

describe('the address of a Redis', () => {
  it.each([
    ['redis://127.0.0.1', 'redis://127.0.0.1:6379'],
    ['redis://:hidden@10.0.0.1:7000/3', 'redis://10.0.0.1:7000/3'],
    ['rediss://user:hidden@cache.example.com/', 'rediss://cache.example.com:6379'],
    ['redis://[::1]:6380', 'redis://[::1]:6380'],
  ])('%s is shown as %s', (url, shown) => {
    expect(shownRedisAddress(url)).toBe(shown);
  });

  it.each(['127.0.0.1:6379', 'http://127.0.0.1', 'redis://', 'redis://host/name', ''])('%j is none', (url) => {
    expect(shownRedisAddress(url)).toBeNull();
  });
});
