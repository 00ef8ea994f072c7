import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { manualTime } from '../pools/testing/fake-pool.js';
import { createNameQuery, type NameAnswer, type NameQuery } from './queries.js';
import { createResolver, type Resolver } from './resolver.js';

const SPEC = { ttlMinMs: 1000, ttlMaxMs: 60_000 };

/** A resolver whose answers the test gives by hand. */
function setUp(host = 'api.test', more: { readonly isManaged?: true } = {}) {
  const time = manualTime();
  const asked: {
    name: string;
    answer: (answer: NameAnswer) => Promise<void>;
    fail: (code: string) => Promise<void>;
  }[] = [];
  const query: NameQuery = (name) =>
    new Promise((resolve, reject) => {
      asked.push({
        name,
        answer: async (answer) => resolve(answer),
        fail: async (code) => reject(Object.assign(new Error(code), { code })),
      });
    });
  const resolver = createResolver(host, { dns: SPEC, ...more }, { clock: time.clock, timers: time.timers, query });
  return { time, asked, resolver };
}

const resolveOn = (resolver: Resolver): Promise<string> =>
  new Promise((done) => resolver.resolve((addresses, failed) => done(failed?.code ?? addresses.join())));

describe('a resolver', () => {
  it.each(['127.0.0.1', '::1'])('takes %s for what it is', async (address) => {
    const { resolver, asked } = setUp(address);
    expect([await resolveOn(resolver), asked.length]).toEqual([address, 0]);
  });

  it('of a team gives no address of the machine or its cloud, whatever a name leads to', async () => {
    const literal = setUp('169.254.169.254', { isManaged: true });
    expect(await resolveOn(literal.resolver)).toBe('destination_prohibited');
    const { resolver, asked, time } = setUp('169.254.169.254.nip.test', { isManaged: true });
    const first = resolveOn(resolver);
    await asked[0]?.answer({ addresses: ['169.254.169.254', '64:ff9b::a9fe:a9fe'], ttlMs: 5000 });
    expect(await first).toBe('destination_prohibited');
    time.advance(60_000);
    const second = resolveOn(resolver);
    await asked[1]?.answer({ addresses: ['10.0.0.1', '169.254.169.254', 'fe80::1'], ttlMs: 5000 });
    expect(await second).toBe('10.0.0.1');
  });

  it('of weir.yaml gives what there is', async () => {
    const { resolver, asked } = setUp();
    const waiting = resolveOn(resolver);
    await asked[0]?.answer({ addresses: ['169.254.169.254'], ttlMs: 5000 });
    expect(await waiting).toBe('169.254.169.254');
    expect(await resolveOn(setUp('169.254.169.254').resolver)).toBe('169.254.169.254');
  });

  it('asks once for all who wait, and rotates through the addresses', async () => {
    const { resolver, asked } = setUp();
    const waiting = [resolveOn(resolver), resolveOn(resolver)];
    await asked[0]?.answer({ addresses: ['10.0.0.1', '10.0.0.2', 'fd00::1'], ttlMs: 5000 });
    const results = [...(await Promise.all(waiting)), await resolveOn(resolver)];
    expect(asked.map(({ name }) => name)).toEqual(['api.test']);
    expect(new Set(results)).toEqual(new Set(['10.0.0.1,10.0.0.2,fd00::1', '10.0.0.2,10.0.0.1,fd00::1']));
    expect(results[0]).not.toBe(results[1]);
    expect(results[2]).toBe(results[0]);
  });

  it('asks again by itself when the TTL is over, tells of other addresses, and serves the old ones until then', async () => {
    const { resolver, asked, time } = setUp();
    const heard: string[] = [];
    resolver.onChanged((addresses) => heard.push([...addresses].join()));
    const first = resolveOn(resolver);
    await asked[0]?.answer({ addresses: ['10.0.0.1'], ttlMs: 5000 });
    await first;
    time.advance(5000);
    expect(asked.length).toBe(2);
    expect(await resolveOn(resolver)).toBe('10.0.0.1');
    await asked[1]?.answer({ addresses: ['10.0.0.9'], ttlMs: 5000 });
    await Promise.resolve();
    expect(heard).toEqual(['10.0.0.1', '10.0.0.1,10.0.0.9']);
    expect(await resolveOn(resolver)).toBe('10.0.0.9');
  });

  it('tells that an address is gone only when several answers were without it', async () => {
    const { resolver, asked, time } = setUp();
    const heard: string[] = [];
    resolver.onChanged((addresses) => heard.push([...addresses].sort().join()));
    void resolveOn(resolver);
    for (const [i, addresses] of [['10.0.0.1'], ['10.0.0.2'], ['10.0.0.1'], ['10.0.0.2'], ['10.0.0.2']].entries()) {
      await asked[i]?.answer({ addresses, ttlMs: 5000 });
      await Promise.resolve();
      time.advance(5000);
    }
    expect(heard).toEqual(['10.0.0.1', '10.0.0.1,10.0.0.2']);
    await asked[5]?.answer({ addresses: ['10.0.0.2'], ttlMs: 5000 });
    await Promise.resolve();
    expect(heard.at(-1)).toBe('10.0.0.2');
  });

  it.each([
    [4, ['fd00::1'], '10.0.0.1,fd00::1'],
    [6, ['10.0.0.2'], '10.0.0.2,fd00::1'],
  ] as const)('keeps what it knows of IPv%i when it could not be asked for', async (unheard, addresses, expected) => {
    const { resolver, asked, time } = setUp();
    const first = resolveOn(resolver);
    await asked[0]?.answer({ addresses: ['10.0.0.1', 'fd00::1'], ttlMs: 5000 });
    await first;
    time.advance(5000);
    await asked[1]?.answer({ addresses, ttlMs: 5000, unheard });
    await Promise.resolve();
    expect(await resolveOn(resolver)).toBe(expected);
  });

  it('goes on with the last good addresses when the name servers fail', async () => {
    const { resolver, asked, time } = setUp();
    const first = resolveOn(resolver);
    await asked[0]?.answer({ addresses: ['10.0.0.1'], ttlMs: 5000 });
    await first;
    time.advance(5000);
    await asked[1]?.fail('ESERVFAIL');
    await Promise.resolve();
    expect(await resolveOn(resolver)).toBe('10.0.0.1');
    time.advance(1000);
    expect(asked.length).toBe(3);
  });

  it('names a failure, and holds it for a moment', async () => {
    const { resolver, asked, time } = setUp();
    const first = resolveOn(resolver);
    await asked[0]?.fail('ENOTFOUND');
    expect([await first, await resolveOn(resolver), asked.length]).toEqual(['dns_error', 'dns_error', 1]);
    time.advance(1000);
    const again = resolveOn(resolver);
    await asked[1]?.fail('ETIMEOUT');
    expect(await again).toBe('dns_timeout');
  });

  it('takes a name without an address for a failure', async () => {
    const { resolver, asked } = setUp();
    const first = resolveOn(resolver);
    await asked[0]?.answer({ addresses: [], ttlMs: 5000 });
    expect(await first).toBe('dns_error');
  });

  it('asks no more by itself when it is closed', async () => {
    const { resolver, asked, time } = setUp();
    const first = resolveOn(resolver);
    await asked[0]?.answer({ addresses: ['10.0.0.1'], ttlMs: 5000 });
    await first;
    time.advance(5000);
    resolver.close();
    await asked[1]?.answer({ addresses: ['10.0.0.1'], ttlMs: 5000 });
    await Promise.resolve();
    time.advance(60_000);
    expect(asked.length).toBe(2);
  });
});

describe('a query for a name', () => {
  const servers: Socket[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A name server that knows the given records (type → [address bytes, TTL in seconds]) and says NXDOMAIN otherwise. */
  const nameServer = (records: Record<string, Record<number, [number[], number][]>>): Promise<string> =>
    new Promise((resolve) => {
      const server = createSocket('udp4');
      servers.push(server);
      server.on('message', (message, from) => server.send(dnsAnswer(message, records), from.port, from.address));
      server.bind(0, '127.0.0.1', () => resolve(`127.0.0.1:${server.address().port}`));
    });

  it('takes all addresses, IPv4 first, and the shortest TTL', async () => {
    const server = await nameServer({
      'api.weir.test': {
        1: [
          [[10, 0, 0, 1], 30],
          [[10, 0, 0, 2], 20],
        ],
        28: [[[0xfd, ...Array(14).fill(0), 1], 60]],
      },
    });
    const answer = await createNameQuery([server])('api.weir.test');
    expect(answer).toEqual({ addresses: ['10.0.0.1', '10.0.0.2', 'fd00::1'], ttlMs: 20_000 });
  });

  it('is content with one family', async () => {
    const server = await nameServer({ 'six.weir.test': { 28: [[[0xfd, ...Array(14).fill(0), 6], 60]] } });
    expect(await createNameQuery([server])('six.weir.test')).toEqual({ addresses: ['fd00::6'], ttlMs: 60_000 });
  });

  it('says which family it could not ask for', async () => {
    const failing = createSocket('udp4');
    servers.push(failing);
    failing.on('message', (message, from) => {
      const records = { 'half.weir.test': { 28: [[[0xfd, ...Array(14).fill(0), 6], 60]] } } as const;
      const answer = dnsAnswer(message, records as unknown as Parameters<typeof dnsAnswer>[1]); // Readonly is enough.
      // SERVFAIL (RFC 1035 §4.1.1) where there is no record.
      if (answer.readUInt16BE(6) === 0) answer.writeUInt8((answer.readUInt8(3) & 0xf0) | 2, 3);
      failing.send(answer, from.port, from.address);
    });
    const server = await new Promise<string>((resolve) => {
      failing.bind(0, '127.0.0.1', () => resolve(`127.0.0.1:${failing.address().port}`));
    });
    const answer = await createNameQuery([server])('half.weir.test');
    expect(answer).toEqual({ addresses: ['fd00::6'], ttlMs: 60_000, unheard: 4 });
  });

  it('asks the system for names that only it can know', async () => {
    const server = await nameServer({ localhost: { 1: [[[10, 9, 9, 9], 60]] } });
    const answer = await createNameQuery([server])('localhost');
    expect(answer.addresses.every((address) => ['127.0.0.1', '::1'].includes(address))).toBe(true);
  });

  it('fails with the reason when nobody knows the name', async () => {
    const server = await nameServer({});
    await expect(createNameQuery([server])('no.such.invalid')).rejects.toMatchObject({
      code: expect.stringMatching(/^E/),
    });
  });
});

/** An answer of a name server (RFC 1035 §4) to a query with one question. */
function dnsAnswer(query: Buffer, records: Record<string, Record<number, [number[], number][]>>): Buffer {
  const labels: string[] = [];
  let at = 12;
  while ((query[at] ?? 0) !== 0) {
    const length = query[at] ?? 0;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const question = query.subarray(12, at + 5);
  const known = records[labels.join('.').toLowerCase()];
  const type = query.readUInt16BE(at + 1);
  const found = known?.[type] ?? [];
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found.length, 6);
  const answers = found.map(([address, ttlS]) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(ttlS, 6);
    record.writeUInt16BE(address.length, 10);
    return Buffer.concat([record, Buffer.from(address)]);
  });
  return Buffer.concat([head, question, ...answers]);
}
