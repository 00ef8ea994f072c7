// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { parseConfig } from '@weir/proto/config/parse.js';
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';
import { compileSnapshot } from './compile.js';

const ENV = { A: 'sk-a-0123456789' };
const config = (model: string, route = 'ai: true', gateway = '{}') =>
  `gateway: ${gateway}\nai: { providers: { openai: "\${A}", ollama: {} }, models: { m: ${model} } }\nroutes: [{ match: /v1/*, ${route} }]`;
const TWO = '[openai/a, ollama/b]';

function findings(...given: Parameters<typeof config>): string[] {
  const checked = checkConfig(config(...given), ENV, (key) => `hash:${key}`);
  const faults = checked.ok ? checked.warnings : checked.faults;
  return faults.map(({ path, message, cure }) => `${path}: ${message} (${cure ?? ''})`);
}

function compiled(...given: Parameters<typeof config>) {
  const { config: parsed, faults } = parseConfig(config(...given), ENV);
  if (parsed === null) throw new Error(JSON.stringify(faults, null, 1));
  const hashPassword = (): string => 'scrypt';
  const snapshot = compileSnapshot(parsed, {
    ...{ environment: ENV, version: 3, createdWallMs: 5, hashPassword },
    sha256Hex: (key) => `sha256(${key})`,
  });
  return { choice: snapshot.ai?.models[0]?.choice, route: snapshot.routes[0]?.action };
}

describe('what can never happen', () => {
  it.each([
    [TWO, 'ai: { attempts: 1, hedge: true }', 'routes[0].ai.hedge: there is never a second attempt'],
    [TWO, 'ai: { attempts: 1, resume: continue }', 'routes[0].ai.resume: nobody is asked to continue'],
    [
      TWO,
      'ai: { hedge: 10s }, timeouts: { firstToken: 10s }',
      'routes[0].ai.hedge: the first attempt has failed by then: firstToken is 10s, and a hedge begins after 10s at the soonest (lower it, or raise firstToken)',
    ],
    [TWO, 'ai: { hedge: 30s }', 'a hedge begins after 30s at the soonest'],
    ['{ targets: openai/a, balance: fastest }', 'ai: true', 'ai.models.m.balance: m has one target'],
    [
      '{ targets: [openai/a, { model: ollama/b, weight: 3 }], balance: cheapest }',
      'ai: true',
      'ai.models.m.balance: weights decide between targets only where none of them is the cheapest one',
    ],
    [
      `{ targets: ${TWO}, balance: fastest, affinity: prefix }`,
      'ai: true',
      'ai.models.m.affinity: requests go where it is fastest',
    ],
  ])('%s with %s is told', (model, route, message) => {
    expect(findings(model, route)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    [TWO, 'ai: { hedge: true, resume: continue }'],
    [TWO, 'ai: { hedge: 800ms, attempts: 2 }'],
    [`{ targets: ${TWO}, balance: cheapest, affinity: session }`, 'ai: true'],
    [`{ targets: ${TWO}, balance: fastest }`, 'ai: true'],
    ['{ targets: openai/a, affinity: prefix }', 'ai: true'],
  ])('and of %s with %s nothing', (model, route) => expect(findings(model, route)).toEqual([]));
});

describe('what a node gets', () => {
  it('is nothing beyond the usual where nothing is said', () => {
    const { choice, route } = compiled(TWO);
    expect(choice).toEqual({ balance: 'weighted', affinity: null, fits: true });
    expect([route !== undefined && 'hedge' in route, route !== undefined && 'resume' in route]).toEqual([false, false]);
  });

  it.each([
    ['true', { after: { kind: 'adaptive', quantile: 0.95, factor: 1, minMs: 250, maxMs: 30_000, coldMs: 2_000 } }],
    ['800ms', { after: { kind: 'fixed', ms: 800 }, budgetShare: 0.05, budgetFloorPerS: 0 }],
    ['{ after: { min: 3s, max: 5s } }', { after: { coldMs: 3_000 } }],
    [
      '{ after: 1s, budget: 0.2, floor: 3 }',
      { after: { kind: 'fixed', ms: 1_000 }, budgetShare: 0.2, budgetFloorPerS: 3 },
    ],
  ])('of hedge: %s is its delay and its budget', (hedge, expected) => {
    expect(compiled(TWO, `ai: { hedge: ${hedge}, resume: continue }`).route).toMatchObject({
      hedge: expected,
      resume: 'continue',
    });
  });

  it.each([
    ['affinity: prefix', { affinity: { kind: 'prefix' } }],
    ['affinity: session', { affinity: { kind: 'session', header: 'x-session-id' } }],
    ['affinity: { session: X-Chat }', { affinity: { kind: 'session', header: 'x-chat' } }],
    ['balance: cheapest, fits: false', { balance: 'cheapest', fits: false }],
  ])('of %s is the choice', (said, expected) => {
    expect(compiled(`{ targets: ${TWO}, ${said} }`).choice).toMatchObject(expected);
  });
});
