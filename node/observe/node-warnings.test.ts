import { describe, expect, it } from 'vitest';
import { nodeWarnings } from './node-warnings.js';

const well = { told: [], logTrouble: null, hasNoDescriptors: false, certificates: [] };
const AT = Date.UTC(2027, 0, 2, 3, 4, 5);

describe('what an operator has to know of a node', () => {
  it('is nothing where all is well', () => {
    expect(nodeWarnings({ ...well, certificates: [{ file: '/a.pem', notAfterWallMs: AT }] }, AT - 1)).toEqual([]);
  });

  it('is a certificate that is over, in the same words for as long as it is', () => {
    const over = { ...well, certificates: [{ file: '/a.pem', notAfterWallMs: AT }] };
    const [warning] = nodeWarnings(over, AT);
    expect(warning).toMatch(/^a certificate in \/a.pem expired at 2027-01-02T03:04:05Z and clients refuse it; renew/);
    expect(nodeWarnings(over, AT + 86_400_000)).toEqual([warning]);
  });

  it('is told by each owner, and all of it at once', () => {
    const all = { ...well, told: ['Redis is away'], logTrouble: 'ENOSPC', hasNoDescriptors: true };
    expect(nodeWarnings(all, AT)).toEqual([
      'Redis is away',
      'the access log loses lines (ENOSPC)',
      expect.stringContaining('LimitNOFILE='),
    ]);
  });
});
