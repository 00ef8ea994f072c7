import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { carryOut } from './set-in-text.js';

const text = `version: 1 # a comment
gateway:
  timeouts: { total: 30s }
upstreams:
  app: { targets: [http://a:1] }
routes:
  # the slow one
  - id: report
    match: /report
    timeouts:
      firstByte: 2s # too short
  - { id: other, match: /other, retry: false }
`;

describe('a proposed change', () => {
  it('is made at its place, and nothing else is touched', () => {
    const { text: changed, left } = carryOut(text, [
      { path: 'routes[id=report].timeouts.firstByte', to: '3.5s' },
      { path: 'upstreams[id=app].pool.connections', to: '64' },
      { path: 'gateway.timeouts.total', to: '40s' },
      { path: 'routes[id=other].retry.attempts', to: '2' },
      { path: 'upstreams[id=app].concurrency', to: '{ start: 10 }' },
    ]);
    expect(left).toEqual([]);
    expect(changed).toContain('# a comment');
    expect(changed).toContain('# the slow one');
    expect(parse(changed)).toEqual({
      version: 1,
      gateway: { timeouts: { total: '40s' } },
      upstreams: { app: { targets: ['http://a:1'], pool: { connections: 64 }, concurrency: { start: 10 } } },
      routes: [
        { id: 'report', match: '/report', timeouts: { firstByte: '3.5s' } },
        { id: 'other', match: '/other', retry: { attempts: 2 } },
      ],
    });
  });

  it('may be a route that is new, with its id in front, and whatever its name', () => {
    const { text: changed, left } = carryOut(text, [
      {
        path: 'routes[id=page.v2]',
        to: '{ match: /page, compose: { parts: { a: { route: report, path: "/{id}" } } } }',
      },
      { path: 'upstreams[id=spare]', to: '{ targets: [http://b:1] }' },
      { path: 'routes[id=other].cache.defaultTtl', to: '5s' },
      { path: 'routes[id=other].optimize.compress', to: 'true' },
    ]);
    expect(left).toEqual([]);
    expect(changed).toContain('# the slow one');
    const config = parse(changed);
    expect(config.routes).toHaveLength(3);
    expect(config.routes[1]).toMatchObject({ id: 'other', cache: { defaultTtl: '5s' }, optimize: { compress: true } });
    expect(Object.keys(config.routes[2])).toEqual(['id', 'match', 'compose']);
    expect(config.routes[2].id).toBe('page.v2');
    expect(config.upstreams.spare).toEqual({ targets: ['http://b:1'] });
  });

  it('is left where there is no such place', () => {
    const change = { path: 'routes[id=gone].timeouts.total', to: '1s' };
    expect(carryOut(text, [change])).toEqual({ text, left: [change] });
    expect(carryOut('a: [', [change])).toEqual({ text: 'a: [', left: [change] });
    const entry = { path: 'listeners[id=gone]', to: '{ port: 1 }' };
    expect(carryOut(text, [entry])).toEqual({ text, left: [entry] });
  });
});
