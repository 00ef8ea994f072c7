import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Bus, type BusClock, messageBytesMax } from '@weir/proto/bus/bus.js';
import { type NatsParts, natsBus } from '@weir/proto/bus/nats-bus.js';
import { parseNatsServer } from '@weir/proto/bus/nats-dial.js';
import { backoffMs, type NatsOptions } from '@weir/proto/bus/nats-link.js';
import { PAUSE_MAX_MS } from '@weir/proto/bus/read-pace.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { programPath } from '../../support/programs.js';
import { onStage, Stage, until } from '../../support/stage.js';
import { busSuite, realClock } from './bus-suite.js';

const stage = new Stage();
let server: NatsServer;
beforeAll(async () => {
  server = await startNats(stage);
});
afterAll(() => stage.clear());

/** A self-signed one for localhost, in files as the server wants them. */
function certificateOf(own: Stage): { cert: string; folder: string } {
  const folder = own.folder();
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = ['-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync(programPath('openssl'), [...request, ...files, ...name], { stdio: 'pipe' });
  return { folder, cert: readFileSync(`${folder}/cert.pem`, 'utf8') };
}

let ends = 0;
function begin(
  servers: readonly string[],
  more: Partial<NatsOptions> & Pick<Partial<NatsParts>, 'pendingBytesMax' | 'isPaced' | 'clock'> = {},
): Bus {
  ends += 1;
  const { pendingBytesMax, isPaced = false, clock = realClock, ...options } = more;
  const bound = pendingBytesMax === undefined ? {} : { pendingBytesMax };
  const parts = { clock, random: Math.random, inbox: `reply.n${ends}`, isPaced, ...bound };
  return natsBus({ servers, name: `end ${ends}`, ...options }, parts);
}

const isUp = (bus: Bus): Promise<void> =>
  until(
    () => bus.state().isConnected,
    () => `not connected: ${bus.state().trouble}`,
  );
const isAway = (bus: Bus): Promise<void> =>
  until(
    () => !bus.state().isConnected,
    () => 'still connected',
  );

for (const isPaced of [false, true])
  busSuite(isPaced ? 'over NATS, read at a pace' : 'over NATS', async () => {
    const opened: Bus[] = [];
    return {
      async open(pendingBytesMax) {
        const bound = pendingBytesMax === undefined ? {} : { pendingBytesMax };
        const bus = begin([server.url], { isPaced, ...bound });
        opened.push(bus);
        await isUp(bus);
        return bus;
      },
      async close() {
        for (const bus of opened) await bus.close();
      },
    };
  });

describe('an end that reads at a pace', () => {
  /** A clock that does not run a pause out until it is let. */
  function heldClock(): { clock: BusClock; held: (() => void)[]; release(): void } {
    const held: (() => void)[] = [];
    const after: BusClock['after'] = (delayMs, run) => {
      // Pauses are shorter than all else that a bus waits for, but a dial at once.
      if (delayMs === 0 || delayMs > PAUSE_MAX_MS) return realClock.after(delayMs, run);
      held.push(run);
      return () => void held.splice(held.indexOf(run), 1);
    };
    return {
      clock: { nowMs: realClock.nowMs, after },
      held,
      release: () => {
        for (const run of held.splice(0)) run();
      },
    };
  }

  it('leaves what comes in the socket once there is much of it, hears all of it in order, and reads at once for an answer', () =>
    onStage(async (own) => {
      const { clock, held, release } = heldClock();
      const [teller, hearer] = [begin([server.url]), begin([server.url], { isPaced: true, clock })];
      own.onEnd(() => Promise.all([teller.close(), hearer.close()]).then(() => {}));
      await Promise.all([isUp(teller), isUp(hearer)]);
      const heard: number[] = [];
      hearer.subscribe('paced', ({ bytes }) => heard.push(new DataView(bytes.buffer).getUint32(0)));
      await passes(teller, hearer);
      let told = 0;
      const tell = (): void => {
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setUint32(0, told);
        teller.publish('paced', bytes);
        told += 1;
      };
      // As a flood, until it has had enough.
      await until(
        () => {
          for (let i = 0; i < 20; i += 1) tell();
          return held.length > 0;
        },
        () => `${heard.length} of ${told} were read as they came`,
      );
      for (let i = 0; i < 20; i += 1) tell();
      await until(
        () => {
          release();
          return heard.length === told;
        },
        () => `${heard.length} of ${told} were heard`,
      );
      expect(heard).toEqual(heard.map((_, i) => i));
      await until(
        () => {
          tell();
          return held.length > 0;
        },
        () => 'it does not pause again',
      );
      // Nobody lets the pause run out, and the answer is read all the same.
      teller.subscribe('asked', ({ reply }) => reply(new Uint8Array([7])));
      await passes(hearer, teller);
      const { replies } = await hearer.gather('asked', new Uint8Array(), { withinMs: 20_000, repliesMax: 1 });
      expect(replies.map(({ bytes }) => [...bytes])).toEqual([[7]]);
    }));
});

/** Publishes until the other end has heard. */
async function passes(from: Bus, to: Bus): Promise<void> {
  let heard = 0;
  const end = to.subscribe('probe', () => {
    heard += 1;
  });
  await until(
    () => {
      from.publish('probe', new Uint8Array());
      return heard > 0;
    },
    () => `nothing passes: ${from.state().trouble} ${to.state().trouble}`,
  );
  end();
}

describe('the bus over NATS, when the server', () => {
  it('is not there yet: goes on trying, drops and counts what is published, and connects when it comes', () =>
    onStage(async (own) => {
      const first = await startNats(own);
      await first.kill();
      const bus = begin([first.url]);
      own.onEnd(() => bus.close());
      await until(
        () => bus.state().trouble.includes('ECONNREFUSED'),
        () => bus.state().trouble,
      );
      expect(bus.publish('a', new Uint8Array(3))).toBe('away');
      expect(await bus.gather('a', new Uint8Array(), { withinMs: 60_000, repliesMax: 1 })).toMatchObject({
        end: 'away',
      });
      expect(bus.counts).toMatchObject({ droppedAway: 2, published: 0, disconnects: 0 });
      await startNats(own, { port: first.port });
      await isUp(bus);
    }));

  it('is killed and started again: tells when it went, and comes back with all subscriptions', () =>
    onStage(async (own) => {
      const first = await startNats(own);
      const [one, other] = [begin([first.url]), begin([first.url])];
      own.onEnd(() => Promise.all([one.close(), other.close()]).then(() => {}));
      await Promise.all([isUp(one), isUp(other)]);
      const changes: boolean[] = [];
      one.onStateChange(({ isConnected }) => changes.push(isConnected));
      await passes(one, other);
      const connectedAtMs = one.state().sinceMs;
      await first.kill();
      await Promise.all([isAway(one), isAway(other)]);
      expect(one.state().sinceMs).toBeGreaterThan(connectedAtMs);
      expect(one.publish('probe', new Uint8Array())).toBe('away');
      await startNats(own, { port: first.port });
      await Promise.all([isUp(one), isUp(other)]);
      await passes(one, other);
      await passes(other, one);
      expect(changes).toEqual([false, true]);
      expect(one.counts.disconnects).toBe(1);
    }));

  it('is stopped with the socket full: leaves it, keeps to its bound, and comes back when it goes on', () =>
    onStage(async (own) => {
      const first = await startNats(own);
      const [one, other] = [begin([first.url], { pendingBytesMax: 32 * messageBytesMax }), begin([first.url])];
      own.onEnd(() => Promise.all([one.close(), other.close()]).then(() => {}));
      await Promise.all([isUp(one), isUp(other)]);
      await passes(one, other);
      first.signal('SIGSTOP');
      own.onEnd(() => first.signal('SIGCONT'));
      // More than the socket holds, so that the client library would wait for it for ever.
      const fates = Array.from({ length: 40 }, () => one.publish('bulk', new Uint8Array(messageBytesMax)));
      expect(fates.filter((fate) => fate === 'sent')).toHaveLength(32);
      expect(one.pendingBytes()).toBeLessThanOrEqual(32 * messageBytesMax);
      await Promise.all([isAway(one), isAway(other)]);
      expect(one.pendingBytes()).toBe(0);
      expect(one.counts.uncertain).toBeGreaterThanOrEqual(32);
      await until(
        () => one.state().trouble.includes('is silent'),
        () => one.state().trouble,
      );
      first.signal('SIGCONT');
      await Promise.all([isUp(one), isUp(other)]);
      await passes(one, other);
      await passes(other, one);
    }));

  it('speaks TLS: is believed by its authority alone', () =>
    onStage(async (own) => {
      const { cert, folder } = certificateOf(own);
      const secured = await startNats(own, {
        config: `tls { cert_file: "${folder}/cert.pem", key_file: "${folder}/key.pem" }`,
      });
      const trusting = begin([`tls://localhost:${secured.port}`], { tls: { ca: cert } });
      const doubting = begin([`tls://localhost:${secured.port}`], { tls: {} });
      own.onEnd(() => Promise.all([trusting.close(), doubting.close()]).then(() => {}));
      await isUp(trusting);
      await until(
        () => /self.signed/i.test(doubting.state().trouble),
        () => doubting.state().trouble,
      );
    }));

  it('is one of several: another one is taken', () =>
    onStage(async (own) => {
      const dead = await startNats(own);
      await dead.kill();
      const bus = begin([dead.url, server.url]);
      own.onEnd(() => bus.close());
      await isUp(bus);
    }));

  it('demands credentials: says so as long as they are wrong, and does not give up', () =>
    onStage(async (own) => {
      const config =
        'authorization { users: [ { user: node, password: right, permissions: { publish: ["weir.>"], subscribe: ["weir.>", "reply.>"] } } ] }';
      const guarded = await startNats(own, { config });
      const wrong = begin([guarded.url], { credentials: { kind: 'password', user: 'node', password: 'wrong' } });
      const right = begin([guarded.url], { credentials: { kind: 'password', user: 'node', password: 'right' } });
      own.onEnd(() => Promise.all([wrong.close(), right.close()]).then(() => {}));
      await isUp(right);
      await until(
        () => /authorization/i.test(wrong.state().trouble),
        () => wrong.state().trouble,
      );
      // What it may not hear is told as trouble; the rest goes on.
      right.subscribe('secret', () => {});
      await until(
        () => right.state().trouble === 'the nats-server does not let it hear secret',
        () => right.state().trouble,
      );
      expect(right.state().isConnected).toBe(true);
      expect(JSON.stringify([wrong.state(), right.state()])).not.toMatch(/"wrong|right"/);
    }));
});

describe('waiting for a nats-server', () => {
  it('is longer with each attempt, up to five seconds, and never the same for two', () => {
    for (let attempt = 0; attempt < 2_000; attempt += 1) {
      const most = Math.min(100 * 2 ** attempt, 5_000);
      expect(backoffMs(attempt, 0)).toBe(most / 2);
      expect(backoffMs(attempt, 1)).toBe(most);
    }
  });

  it.each([
    ['nats://127.0.0.1', '127.0.0.1', 4222],
    ['tls://bus.example.com:5222', 'bus.example.com', 5222],
    ['[::1]:4223', '::1', 4223],
  ])('reads %s', (text, host, port) => expect(parseNatsServer(text)).toEqual({ host, port }));

  it.each(['', 'nats://user:secret@host', 'http://host', 'host:0', 'host:70000', 'a b'])('refuses %j', (text) =>
    expect(parseNatsServer(text)).toBeNull(),
  );
});
