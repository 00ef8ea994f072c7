import { describe, expect, it } from 'vitest';
import {
  CLUSTER_VARIABLE,
  ID_VARIABLE,
  LABELS_VARIABLE,
  METRICS_VARIABLE,
  NATS_FILE_VARIABLES,
  NATS_VARIABLE,
  REDIS_VARIABLE,
  readNodeSettings,
  SHARED_PORT_VARIABLE,
  TRUST_VARIABLE,
} from './settings.js';

describe('what a node is told by its environment', () => {
  it('is where its metrics are, and where Redis is, with secrets filled in from the same environment', () => {
    const alone = { cluster: null, sharesPort: false, labels: [] };
    expect(readNodeSettings({})).toEqual({ metrics: { host: '127.0.0.1', port: 9090 }, redis: null, ...alone });
    const env = { [METRICS_VARIABLE]: '127.0.0.1:0', [REDIS_VARIABLE]: `redis://:\${WORD}@10.0.0.5`, WORD: 'hidden' };
    expect(readNodeSettings(env)).toEqual({
      metrics: { host: '127.0.0.1', port: 0 },
      redis: 'redis://:hidden@10.0.0.5',
      ...alone,
    });
  });

  it('is its name in a cluster, and the bus of its parent or NATS', () => {
    expect(readNodeSettings({ [ID_VARIABLE]: 'n1', [SHARED_PORT_VARIABLE]: 'yes' })).toMatchObject({
      cluster: { cluster: 'main', id: 'n1', nats: null },
      ...{ sharesPort: true, labels: [] },
    });
    const nats = { [NATS_VARIABLE]: `tls://weir:\${WORD}@nats.internal`, [NATS_FILE_VARIABLES.ca]: '/etc/ca.pem' };
    const named = { [ID_VARIABLE]: 'n1', [CLUSTER_VARIABLE]: 'c1', [TRUST_VARIABLE]: 'weir-public-a,weir-public-b' };
    const env = { ...named, ...nats, WORD: 'hidden' };
    expect(readNodeSettings(env).cluster).toMatchObject({
      ...{ cluster: 'c1', id: 'n1' },
      nats: { place: { servers: ['nats.internal:4222'], isTls: true }, files: { ca: '/etc/ca.pem', creds: '' } },
    });
    expect(readNodeSettings(env).cluster?.nats?.trust).toEqual(['weir-public-a', 'weir-public-b']);
  });

  it('has labels', () => {
    expect(readNodeSettings({ [LABELS_VARIABLE]: 'zone=a,rack=7' }).labels).toEqual(['zone=a', 'rack=7']);
  });

  it.each([
    [{ [NATS_VARIABLE]: 'nats://10.0.0.5' }, 'a member needs a name'],
    [{ [ID_VARIABLE]: 'a.b' }, 'WEIR_ID is "a.b"'],
    [{ [ID_VARIABLE]: 'n1', [CLUSTER_VARIABLE]: '*' }, 'WEIR_CLUSTER is "*"'],
    [{ [ID_VARIABLE]: 'n1', [NATS_VARIABLE]: `nats://u:\${WORD}@a`, WORD: undefined }, 'lacks WORD'],
    [{ [ID_VARIABLE]: 'n1', [NATS_VARIABLE]: 'http://u:hidden@a' }, 'write nats://'],
    [{ [ID_VARIABLE]: 'n1', [NATS_VARIABLE]: 'nats://10.0.0.5' }, 'WEIR_TRUST is not'],
    [{ [LABELS_VARIABLE]: 'zone' }, '"zone" is no label'],
    [{ [LABELS_VARIABLE]: Array.from({ length: 17 }, (_, i) => `a${i}=b`).join() }, 'no more than 16 labels'],
  ])('is refused where it is %j', (env, reason) => {
    const read = () => readNodeSettings(env);
    expect(read).toThrow(reason);
    expect(read).not.toThrow('hidden');
  });

  it.each([
    [`redis://:\${WORD}@10.0.0.5`, {}, 'needs WORD'],
    ['http://:hidden@10.0.0.5', {}, 'is not a redis://'],
    [`:\${WORD}`, { WORD: 'hidden' }, 'is not a redis://'],
  ])('is refused where it is %s, and no secret is told', (redis, more, reason) => {
    const read = () => readNodeSettings({ ...more, [REDIS_VARIABLE]: redis });
    expect(read).toThrow(reason);
    expect(read).not.toThrow('hidden');
  });
});
