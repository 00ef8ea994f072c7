import { parseConfig } from '@weir/proto/config/parse.js';
import { describe, expect, it } from 'vitest';
import { configOf, gauntletPeers, type PeerSite } from './peers.js';

const site: PeerSite = {
  port: 1111,
  replicas: ['127.0.0.2:2221', '127.0.0.3:2222', '127.0.0.4:2223'],
  directory: '/tmp/x',
  isRoot: false,
};

describe('the configurations', () => {
  it('give every proxy its port and all three replicas, and leave no word open', () => {
    for (const peer of gauntletPeers) {
      const config = configOf(peer, site);
      expect(config).toContain('127.0.0.1:1111');
      for (const replica of site.replicas) expect(config).toContain(replica);
      expect(config.replaceAll('@WORDS@', '')).not.toMatch(/@[A-Z_0-9]+@/);
    }
  });

  it('keep root from dropping its rights, and nobody else from starting', () => {
    expect(configOf('nginx', site)).not.toContain('user root');
    expect(configOf('nginx', { ...site, isRoot: true })).toContain('user root;');
  });

  it('of Weir are accepted, with defaults but for the hedge in one and protect in the other', () => {
    for (const peer of ['weir', 'weir-tuned'] as const)
      expect(parseConfig(configOf(peer, site), {}).faults).toEqual([]);
    expect(configOf('weir', site)).toMatch(/hedge: true/);
    expect(configOf('weir', site)).not.toMatch(/protect|timeouts|health|concurrency|retry/);
    expect(configOf('weir-tuned', site)).toMatch(/protect: true/);
  });
});
