import { chain } from '@weir/node/pipeline/chain.js';
import { describe, expect, it } from 'vitest';
import { richRoute } from './fixtures.js';
import { BASELINE, subjectNamed, subjectNames } from './subjects.js';

describe('the subjects', () => {
  it('are the surroundings, each layer of the chain by its name, and whole chains', () => {
    const names = subjectNames();
    expect(names[0]).toBe(BASELINE);
    expect(names.filter((name) => name.startsWith('layer: '))).toEqual(chain.map(({ name }) => `layer: ${name}`));
    expect(new Set(names).size).toBe(names.length);
    for (const { name } of chain) expect(name).not.toBe('');
  });

  it.each(subjectNames())('%s does its work, and every request of it is answered', async (name) => {
    const subject = await subjectNamed(name);
    subject.work(300);
    await subject.pause();
    await subject.end();
  });

  it('measure a route that needs every policy layer', () => {
    expect(richRoute.auth).toHaveLength(1);
    expect(richRoute.limits).toHaveLength(1);
    expect(richRoute.cors).not.toBeNull();
    expect(richRoute.addresses).not.toBeNull();
    expect(richRoute.action).toMatchObject({ kind: 'proxy', rewrite: { kind: 'strip-prefix' } });
  });

  it('are refused by a name that is none', async () => {
    await expect(subjectNamed('layer: nothing')).rejects.toThrow('no subject');
  });
});
