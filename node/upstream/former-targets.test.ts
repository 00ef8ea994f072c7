import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { formerTargets } from './former-targets.js';

const target = (id: string, scheme = 'http'): { readonly spec: TargetSpec } => ({ spec: { id, scheme } as TargetSpec });

describe('formerTargets', () => {
  const [a, b, c] = [target('a:1'), target('b:1'), target('c:1')];
  const known = formerTargets([a, b, c]);

  it('finds those that are where they were', () => {
    expect(known(target('b:1').spec, 1)).toBe(b);
  });

  it('finds those that have moved', () => {
    expect(known(target('c:1').spec, 0)).toBe(c);
    expect(known(target('a:1').spec, 7)).toBe(a);
  });

  it('takes none of another name, or of another scheme', () => {
    expect(known(target('d:1').spec, 0)).toBeUndefined();
    expect(known(target('a:1', 'https').spec, 0)).toBeUndefined();
  });
});
