import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { textConfig } from './config-source.js';
import { headBufferBytes, restartNeeded } from './restart-needed.js';
import { WELCOME_CONFIG } from './welcome.js';

let gateway: GatewaySpec;
beforeAll(async () => {
  const compiled = await textConfig('built-in', WELCOME_CONFIG).compile(1);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  ({ gateway } = compiled.snapshot);
});

const withHead = (headerBytes: number): GatewaySpec => ({ ...gateway, limits: { ...gateway.limits, headerBytes } });

describe('restartNeeded', () => {
  it('names nothing when only what a reload applies has changed', () => {
    const next = { ...gateway, trustedProxies: ['10.0.0.0/8'], clientTimers: { ...gateway.clientTimers, drainMs: 1 } };
    expect(restartNeeded(gateway, next)).toEqual([]);
  });

  it('names another address, and TLS that comes or goes, but not another certificate', () => {
    const listen = { host: '::1', port: 9 };
    const certificate = { hosts: [], certFile: 'a', keyFile: 'b', passphrase: null };
    const tls = { certificates: [certificate] };
    expect(restartNeeded(gateway, { ...gateway, listen })).toEqual(['gateway.listen: 127.0.0.1:8080 → [::1]:9']);
    expect(restartNeeded(gateway, { ...gateway, tls })).toEqual(['gateway.tls: off → on']);
    const other = { certificates: [{ ...certificate, certFile: 'c' }] };
    expect(restartNeeded({ ...gateway, tls }, { ...gateway, tls: other })).toEqual([]);
  });

  it('names a limit of messages that is raised, and not one that is lowered', () => {
    const withMessage = (messageBytes: number): GatewaySpec => ({
      ...gateway,
      limits: { ...gateway.limits, messageBytes },
    });
    expect(restartNeeded(withMessage(1_000), withMessage(1_001))).toEqual(['gateway.limits.message: 1000 → 1001']);
    expect(restartNeeded(withMessage(1_001), withMessage(1_000))).toEqual([]);
  });

  it('names a head limit above what the process was started with, and no other', () => {
    expect(headBufferBytes(withHead(1_000))).toBe(65_536);
    expect(headBufferBytes(withHead(100_000))).toBe(100_000);
    expect(restartNeeded(withHead(1_000), withHead(65_536))).toEqual([]);
    expect(restartNeeded(withHead(1_000), withHead(65_537))).toEqual(['gateway.limits.headerBytes: 65536 → 65537']);
    expect(restartNeeded(withHead(100_000), withHead(90_000))).toEqual([]);
  });
});
