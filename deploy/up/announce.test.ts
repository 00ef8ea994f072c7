import { paintFor } from '@weir/control/cli/terminal.js';
import type { Fault } from '@weir/proto/config/faults.js';
import { describe, expect, it } from 'vitest';
import { showOutcome, showPlaces } from './announce.js';

const plain = paintFor(false, {});
const fault = (line: number, severity: Fault['severity'], cure: string | null = null): Fault => ({
  severity,
  line,
  column: 5,
  path: 'routes[0].match',
  message: `wrong ${line}`,
  cure,
});
const at = { atWallMs: 0, cause: 'file-change', restartNeeded: [] } as const;

describe('what up says', () => {
  it('names the places that matter, in addresses that one can go to', () => {
    const places = {
      traffic: { host: '0.0.0.0', port: 8080 },
      isTls: true,
      admin: { host: '127.0.0.1', port: 9080 },
      metrics: { host: '::1', port: 9090 },
      firstOperator: { login: 'admin', password: 'p-w' },
      configFile: '/etc/weir.yaml',
      revision: null,
      redis: 'redis://10.0.0.5:6379',
    };
    const text = showPlaces('0.1.0', places, 812, plain);
    for (const part of [
      'weir 0.1.0 is up after 812 ms',
      'https://127.0.0.1:8080',
      'http://127.0.0.1:9080',
      'admin with password p-w (shown once',
      'http://[::1]:9090/metrics',
      '/etc/weir.yaml',
      'redis://10.0.0.5:6379',
      'Ctrl-C',
    ]) {
      expect(text).toContain(part);
    }
    const ofRevision = { ...places, configFile: null, revision: { number: 7, author: 'ada\x1b' } };
    expect(showPlaces('0.1.0', ofRevision, 812, plain)).toContain('revision 7 of ada\\x1b; weir apply -f FILE');
    expect(showPlaces('0.1.0', { ...ofRevision, revision: null }, 812, plain)).toContain('built-in welcome page');
  });

  it('tells every fault of a rejected config with file and line, and what stays in force', () => {
    const faults = [fault(3, 'error', 'write it so'), fault(9, 'warning'), fault(12, 'error')];
    const text = showOutcome({ ...at, state: 'rejected', faults }, 7, 'conf/weir.yaml', plain);
    expect(text).toContain('conf/weir.yaml:3:5 routes[0].match: wrong 3\n    write it so\n');
    expect(text).toContain('conf/weir.yaml:9:5 warning routes[0].match: wrong 9\n');
    expect(text).toContain('conf/weir.yaml:12:5 routes[0].match');
    expect(text).toContain('CONFIG REJECTED (the file changed): 2 errors in conf/weir.yaml; snapshot 7 stays in force');
  });

  it('promises no snapshot where there is none', () => {
    const text = showOutcome(
      { ...at, cause: 'start', state: 'rejected', faults: [fault(1, 'error')] },
      null,
      'a',
      plain,
    );
    expect(text).toContain('1 error in a\n');
    expect(text).not.toContain('in force');
  });

  it('says what waits for a restart, and why a node refused', () => {
    const restartNeeded = ['gateway.listen: 127.0.0.1:1 → 127.0.0.1:2'];
    const accepted = showOutcome({ ...at, restartNeeded, state: 'accepted', faults: [] }, 8, 'a', plain);
    expect(accepted).toContain('restart needed for gateway.listen: 127.0.0.1:1 → 127.0.0.1:2');
    expect(accepted).toContain('snapshot 8 is in force');
    const refused = showOutcome({ ...at, state: 'refused', reason: 'no key', faults: [] }, 8, 'a', plain);
    expect(refused).toContain('CONFIG REFUSED by the node (the file changed): no key; snapshot 8 stays in force');
  });

  it('lets no text of a config steer the terminal', () => {
    const hostile = { ...fault(1, 'error'), message: 'a\x1b[2Jb\u009b1m\nc' };
    const text = showOutcome({ ...at, state: 'rejected', faults: [hostile] }, 1, 'a\x07', plain);
    expect([...text.replaceAll('\n', '')].filter((char) => /\p{Cc}/u.test(char))).toEqual([]);
    expect(text.split('\n')).toHaveLength(3);
  });
});
