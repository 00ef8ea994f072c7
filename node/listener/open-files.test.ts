import { describe, expect, it } from 'vitest';
import { connectionsMax, connectionsWithin } from './open-files.js';

const limits = (soft: string): string => `Limit                     Soft Limit           Hard Limit           Units
Max processes             63442                63442                processes
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         8388608              8388608              bytes
`;

describe('the bound on connections', () => {
  it('is four fifths of the soft limit on open files', () => {
    expect([connectionsWithin(limits('1024')), connectionsWithin(limits('256'))]).toEqual([819, 204]);
  });

  it('is none where nobody says', () => {
    expect([connectionsWithin(limits('unlimited')), connectionsWithin('')]).toEqual([Infinity, Infinity]);
  });

  it('is known on this machine', () => {
    expect(connectionsMax()).toBeGreaterThan(100);
  });
});
