import { describe, expect, it } from 'vitest';
import { runManagedScale } from '../../campaign/managed-scale.js';
import { runRegistry } from '../../campaign/registry.js';

describe('the registry under kill -9, as the campaign holds it to its promise', () => {
  it('has whatever was acknowledged, once, with every kind of command in flight, and knows what is asked again', async () => {
    const { broken, figures } = await runRegistry({ kills: 3, wavesBefore: 0 });
    expect(broken).toEqual([]);
    expect(figures['commands asked for']).toBeGreaterThanOrEqual(300);
  }, 180_000);
});

describe('a house of services on weir up, as the campaign of a large one has it', () => {
  it('answers every list of an operator and of a member, and goes by what is changed', async () => {
    const { broken, figures } = await runManagedScale({
      ...{ services: 120, keys: 600, teams: 6, users: 30 },
      // How long it takes is looked at by hand, on a quiet machine.
      ...{ rounds: 2, pageRounds: 0, changes: 1, p95Ms: Number.POSITIVE_INFINITY },
    });
    expect(broken).toEqual([]);
    expect(figures['services called by their subscribers']).toBe(60);
    expect(Object.keys(figures).filter((name) => name.startsWith('operator: ')).length).toBeGreaterThan(25);
  }, 180_000);
});
