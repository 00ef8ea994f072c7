import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Design } from './entities.js';
import { secretsIn, sentAnew } from './secret-uses.js';
import { as, furnished } from './testing/world.js';

const design = (targets: unknown, fields: object = {}, more: object = {}): Design => ({
  ...{ contract: '', validate: 'off', mock: false },
  upstreams: [{ id: 'app', targets, ...more }],
  routes: [{ id: 'all', match: '/*', headers: { request: { set: fields } } }],
});
const secret = (name: string): string => `\${secret:${name}}`;

describe('where a design sends secrets', () => {
  const name = fc.constantFrom('A', 'B', 'C');
  const target = fc.constantFrom('http://one:1', 'http://two:1', 'https://one:1');
  const drawn = fc
    .tuple(fc.array(name, { maxLength: 3 }), fc.uniqueArray(target, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([names, urls, isLong]) => ({
      ...{ names, urls },
      design: design(
        isLong ? urls.map((url) => ({ url, weight: 2 })) : urls,
        Object.fromEntries(names.map((each, i) => [`x-${i}`, `Bearer ${secret(each)}`])),
      ),
    }));

  it('is each of its secrets at each of its targets, however they are written; and nothing else is new', () => {
    fc.assert(
      fc.property(drawn, fc.array(drawn, { maxLength: 4 }), (draft, releases) => {
        const known = new Set(
          releases.flatMap(({ names, urls }) => names.flatMap((each) => urls.map((url) => `${each} to ${url}`))),
        );
        const asked = draft.names.flatMap((each) => draft.urls.map((url) => `${each} to ${url}`));
        const found = sentAnew(draft.design, releases);
        expect(found === null).toBe(asked.every((use) => known.has(use)));
        if (found !== null) expect(asked.filter((use) => !known.has(use))).toContain(found);
        expect([...secretsIn(draft.design)].sort()).toEqual([...new Set(draft.names)].sort());
      }),
    );
  });

  it('is nowhere for the key of a sticky cookie and for what is written with two dollars, and a target may stand alone', () => {
    const sticky = design('http://one:1', {}, { balance: { sticky: { secret: secret('KEY') } } });
    expect([sentAnew(sticky, []), [...secretsIn(sticky)]]).toEqual([null, ['KEY']]);
    expect(sentAnew(design('http://one:1', { a: `$${secret('KEY')}` }), [])).toBeNull();
    expect(sentAnew(design('http://one:1', { a: secret('KEY') }), [])).toBe('KEY to http://one:1');
    const nowhere = { ...design('', { a: secret('KEY') }), upstreams: [] };
    expect(sentAnew(nowhere, [])).toBe('KEY to no target of its own');
  });
});

describe('the place that a secret is sent to', () => {
  const sent = (more: object) => design('https://cdn.test', { a: secret('KEY') }, more);
  const words = [
    { hostHeader: 'evil.test' },
    { tls: { serverName: 'evil.test' } },
    { tls: { verify: false } },
    { hostHeader: 'evil.test', tls: { serverName: 'evil.test', verify: false } },
  ];

  it('is another one by the name that it is asked under, and by what its certificate has to be', () => {
    for (const more of words) {
      expect(sentAnew(sent(more), [{ design: sent({}) }])).toContain('KEY to https://cdn.test, ');
      expect(sentAnew(sent({}), [{ design: sent(more) }])).toBe('KEY to https://cdn.test');
      expect(sentAnew(sent(more), [{ design: sent({ ...more, balance: 'random' }) }])).toBeNull();
    }
  });

  it('is so for providers of models as well', () => {
    const asked = (more: object): Design => ({
      ...{ ...design('', {}), upstreams: [], routes: [] },
      ai: { providers: { mine: { kind: 'openai', keys: secret('KEY'), ...more } } },
    });
    for (const { tls } of words)
      if (tls !== undefined) expect(sentAnew(asked({ tls }), [{ design: asked({}) }])).not.toBeNull();
  });
});

describe('the key of a provider of models', () => {
  const asked = (providers: unknown): Design => ({ ...design('', {}), upstreams: [], routes: [], ai: { providers } });
  const mine = (more: object = {}) => asked({ mine: { kind: 'openai', keys: secret('KEY'), ...more } });

  it('goes to where its kind, its address and its settings lead, however it is written', () => {
    expect(sentAnew(mine(), [])).toBe('KEY to provider openai');
    expect([...secretsIn(mine())]).toEqual(['KEY']);
    const same = [
      asked({ openai: secret('KEY') }),
      asked({ other: { kind: 'openai', keys: [{ key: secret('KEY'), weight: 2 }], balance: 'round-robin' } }),
      asked([{ id: 'openai', keys: secret('KEY') }]),
    ];
    for (const one of same) expect(sentAnew(one, [{ design: mine() }])).toBeNull();
    const elsewhere = [
      mine({ url: 'http://evil:1' }),
      mine({ settings: { region: 'evil' } }),
      mine({ compatible: { url: 'http://evil:1' } }),
      mine({ keys: [secret('KEY'), secret('OTHER')] }),
      asked({ groq: secret('KEY') }),
      asked([{ id: 'groq', keys: secret('KEY') }]),
      design('http://evil:1', { a: secret('KEY') }),
    ];
    for (const one of elsewhere) expect(sentAnew(one, [{ design: mine() }])).not.toBeNull();
    // Of two providers each has its own.
    const two = asked({ openai: secret('KEY'), groq: secret('OTHER') });
    expect(sentAnew(asked({ openai: secret('OTHER'), groq: secret('KEY') }), [{ design: two }])).not.toBeNull();
  });
});

describe('a release that sends a secret where none has sent it', () => {
  it('is published by an owner, and by a developer whatever sends none to anywhere else', () => {
    const world = furnished();
    const dev = world.must('user.create', { login: 'dev', name: 'Dev' });
    world.must('user.password', { id: dev }, as(dev));
    world.must('team.set-member', { id: 'one', userId: dev, role: 'developer' });
    const ben = world.state.userByLogin('ben')?.id ?? '';
    const publish = (who: string, targets: unknown, fields: object) => {
      const { upstreams, routes } = design(targets, fields);
      world.must('service.set-draft', { id: 'one', draft: { upstreams, routes } }, as(dev));
      return world.do('service.publish', { id: 'one' }, as(who));
    };
    expect(publish(dev, 'http://one:1', {}).ok).toBe(true);
    const sent = { authorization: secret('TOKEN') };
    expect(publish(dev, 'http://one:1', sent)).toMatchObject({
      ...{ ok: false, why: 'forbidden' },
      detail: expect.stringContaining('TOKEN to http://one:1: an owner of team one'),
    });
    expect(publish(ben, 'http://one:1', sent).ok).toBe(true);
    expect(publish(dev, 'http://one:1', { 'x-token': secret('TOKEN') }).ok).toBe(true);
    for (const [targets, fields] of [
      ['http://evil:1', sent],
      [['http://one:1', 'http://evil:1'], sent],
      [[{ url: 'http://evil:1' }], sent],
      ['http://one:1', { authorization: secret('OTHER') }],
    ] as const)
      expect(publish(dev, targets, fields)).toMatchObject({ ok: false, why: 'forbidden' });
    expect(publish(dev, 'http://evil:1', {}).ok).toBe(true);
    expect(publish(dev, 'http://one:1', sent).ok).toBe(true);
  });
});
