/** What `weir check` accepts, a node runs: from the text through the bytes of a snapshot to a compiled chain per route. */
import { checkConfig } from '@weir/control/publish/check-config.js';
import { compileSnapshot } from '@weir/control/publish/compile.js';
import { createPasswordHasher, sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { digests } from '@weir/node/ai/aws/digests.js';
import { AiStore } from '@weir/node/ai/gateway/ai-store.js';
import { googleOutside } from '@weir/node/ai/google/outside.js';
import { credentialFunctions, hmacSha256 } from '@weir/node/auth/credential-functions.js';
import { compileCredentials } from '@weir/node/auth/credentials.js';
import { sha256 } from '@weir/node/cache/l2/digest.js';
import { lateContracts } from '@weir/node/contract/late-contract.js';
import { createLimiterStore } from '@weir/node/limit/limiter-store.js';
import { createRedisCounter } from '@weir/node/limit/redis-counter.js';
import { lateMcp } from '@weir/node/mcp/late-mcp.js';
import { lateForms } from '@weir/node/optimize/convert/late-forms.js';
import { lateComposers } from '@weir/node/optimize/late-composing.js';
import { lateMasks } from '@weir/node/optimize/mask/late-masks.js';
import { compileSnapshot as compileChains } from '@weir/node/pipeline/runtime.js';
import { makeServices } from '@weir/node/pipeline/testing/specs.js';
import { loadPatterns } from '@weir/node/route/patterns.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import { createNameQuery } from '@weir/node/upstream/dns/queries.js';
import { createUpstreamRegistry } from '@weir/node/upstream/registry.js';
import { createHeldBytes } from '@weir/node/upstream/retry/held-bytes.js';
import { decodeSnapshot, encodeSnapshot } from '@weir/proto/snapshot/codec.js';
import { fillReferences } from '@weir/proto/snapshot/secret-text.js';
import type { SecretText, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { variedConfig } from './varied-config.js';

const environment = {
  KEY: 'key-1',
  MOBILE_KEY: 'a',
  ALICE_PASSWORD: 'b',
  ORDERS_TOKEN: 'c',
  COLLECTOR_TOKEN: 'd',
  BACKOFFICE_SECRET: 'a shared secret of the back office',
  STICKY_SECRET: 'sticky-1',
  OPENAI_API_KEY: 'openai-1',
  OPENAI_SPARE_KEY: 'openai-2',
  AZURE_OPENAI_API_KEY: 'azure-1',
  ANTHROPIC_API_KEY: 'anthropic-1',
  GEMINI_API_KEY: 'gemini-1',
  APP_KEY: 'app-1',
};

/** Remembers, for a hash takes as long as it should. */
const hashPassword = createPasswordHasher();

/** As the node does it, but that nothing is opened: its wheel is not driven, and no upstream is warmed. */
async function compileAsNode(snapshot: Snapshot): Promise<void> {
  const reveal = (text: SecretText): string => {
    const { text: filled, missing, malformed } = fillReferences(text, environment);
    expect([missing, malformed]).toEqual([[], []]);
    return filled;
  };
  const timers = new TimerWheel(systemClock);
  const random = (): number => 0.5;
  const registry = createUpstreamRegistry({
    ...{ clock: systemClock, timers, random, query: createNameQuery(null) },
    bodies: createHeldBytes(),
    oldestExchangeAtMs: () => Number.POSITIVE_INFINITY,
  });
  const store = new AiStore({ digests, wallMs: () => systemClock.wallMs() }, { google: googleOutside(systemClock) });
  await store.load(snapshot);
  await loadPatterns(snapshot);
  try {
    compileChains(
      snapshot,
      makeServices({
        ...{ clock: systemClock, timers, random, reveal, sign: hmacSha256, gateway: snapshot.gateway },
        upstreams: registry.build(snapshot),
        credentials: compileCredentials(snapshot.consumers, credentialFunctions(systemClock, reveal)),
        limiters: createLimiterStore({ strict }),
        ai: store.compile(snapshot.ai, reveal),
        mcp: await lateMcp(snapshot),
        contracts: await lateContracts(snapshot),
        forms: await lateForms(snapshot),
        masks: await lateMasks(snapshot),
        composers: await lateComposers(snapshot),
      }),
    );
  } finally {
    store.close();
    registry.close();
  }
}

/** Nothing listens there, and no request asks. */
const strict = createRedisCounter({
  ...{ url: 'redis://127.0.0.1:1', clock: systemClock, timers: new TimerWheel(systemClock) },
  ...{ random: () => 0.5, digest: sha256 },
});
afterAll(() => strict.close());

describe('a config that is accepted', () => {
  it('survives its journey to a node unchanged, and the node can run it', async () => {
    const seen = { accepted: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(variedConfig, async (text) => {
        const checked = checkConfig(text, environment, sha256Hex);
        if (!checked.ok) {
          seen.refused += 1;
          expect(checked.faults.length).toBeGreaterThan(0);
          return;
        }
        seen.accepted += 1;
        const context = { environment, version: 1, createdWallMs: 0, sha256Hex, hashPassword };
        const snapshot = compileSnapshot(checked.config, context);
        const arrived = decodeSnapshot(encodeSnapshot(snapshot));
        expect(arrived).toEqual({ ok: true, snapshot });
        if (arrived.ok) await compileAsNode(arrived.snapshot);
      }),
      { numRuns: 150 },
    );
    // Or the property would say nothing.
    expect(seen.accepted).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(20);
  }, 120_000);
});
