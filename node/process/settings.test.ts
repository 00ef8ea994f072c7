import { describe, expect, it } from 'vitest';
import { METRICS_VARIABLE, REDIS_VARIABLE, readNodeSettings } from './settings.js';

describe('what a node is told by its environment', () => {
  it('is where its metrics are, and where Redis is, with secrets filled in from the same environment', () => {
    expect(readNodeSettings({})).toEqual({ metrics: { host: '127.0.0.1', port: 9090 }, redis: null });
    const env = { [METRICS_VARIABLE]: '127.0.0.1:0', [REDIS_VARIABLE]: `redis://:\${WORD}@10.0.0.5`, WORD: 'hidden' };
    expect(readNodeSettings(env)).toEqual({
      metrics: { host: '127.0.0.1', port: 0 },
      redis: 'redis://:hidden@10.0.0.5',
    });
  });

  it.each([
    [`redis://:\${WORD}@10.0.0.5`, {}, 'needs WORD'],
    ['http://:hidden@10.0.0.5', {}, 'is not a redis://'],
    [`:\${WORD}`, { WORD: 'hidden' }, 'is not a redis://'],
  ])('is refused where it is %s, and no secret is told', (redis, more, reason) => {
    const read = () => readNodeSettings({ ...more, [REDIS_VARIABLE]: redis });
    expect(read).toThrow(reason);
    expect(read).not.toThrow('hidden');
  });
});
