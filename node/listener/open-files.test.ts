import { describe, expect, it } from 'vitest';
import { connectionsMax, openFilesMax, openFilesWithin } from './open-files.js';

const limits = (soft: string): string => `Limit                     Soft Limit           Hard Limit           Units
Max processes             63442                63442                processes
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         8388608              8388608              bytes
`;

describe('the bound on connections', () => {
  it('is four fifths of the soft limit on open files', () => {
    expect([openFilesWithin(limits('1024')), openFilesWithin(limits('256'))]).toEqual([1024, 256]);
    expect(connectionsMax()).toBe(Math.floor(openFilesMax() * 0.8));
  });

  it('is none where nobody says', () => {
    expect([openFilesWithin(limits('unlimited')), openFilesWithin('')]).toEqual([Infinity, Infinity]);
  });

  it('is known on this machine', () => {
    expect(connectionsMax()).toBeGreaterThan(100);
  });
});
