/**
 * What any HTTP/1.1 transport must do, whoever wrote it. A suite is a function of a factory: `undici.test.ts` runs it
 * over today's transport, another client is held to it by one more file of four lines.
 */
import { describe } from 'vitest';
import type { TransportFactory } from './harness.js';
import { bodyCases } from './suite-bodies.js';
import { connectionCases } from './suite-connections.js';
import { exchangeCases } from './suite-exchanges.js';

export function transportSuite(name: string, create: TransportFactory): void {
  describe(`${name} as a transport`, () => {
    describe('exchanges', () => exchangeCases(create));
    describe('bodies', () => bodyCases(create));
    describe('connections', () => connectionCases(create));
  });
}
