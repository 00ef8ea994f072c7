import { describe, expect, it } from 'vitest';
import { runRegistry } from '../../campaign/registry.js';

describe('the registry under kill -9, as the campaign holds it to its promise', () => {
  it('has whatever was acknowledged, once, and nothing that was refused', async () => {
    const { broken, figures } = await runRegistry({
      kills: 5,
      writesPerLife: 40,
      large: { services: 300, keys: 3_000 },
    });
    expect(broken).toEqual([]);
    expect(figures['commands acknowledged']).toBeGreaterThanOrEqual(200);
  }, 180_000);
});
