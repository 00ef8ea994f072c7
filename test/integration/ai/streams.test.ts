// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/** Streams that outlive their connection, through whole gateways: on one node, and from another one over Redis. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AiDurableSpec } from '@weir/proto/snapshot/ai.js';
import { afterEach, describe, expect, it } from 'vitest';
import { type AiConfig, type AiGateway, startAiGateway } from '../../support/ai-gateway.js';
import {
  type Answering,
  beginSse,
  json,
  modelProvider,
  openAiWords,
  type Question,
} from '../../support/model-provider.js';
import { startRedis } from '../../support/redis-server.js';
import { Stage, until } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const durable: AiDurableSpec = { keepMs: 60_000, withoutClientMs: 60_000, bytesMax: 1_000_000, streamsMax: 100 };
const top = 'consumers: [{ id: alice, keys: "${ALICE}" }, { id: bob, keys: "${BOB}" }]';
const ALICE = { authorization: 'Bearer alice-key-0123456789' };
const BOB = { authorization: 'Bearer bob-key-0123456789' };

interface Given extends Partial<Omit<AiConfig, 'providers'>> {
  readonly answering?: Answering;
  readonly spec?: Partial<AiDurableSpec>;
}

async function started({ answering = () => {}, spec = {}, ...config }: Given = {}) {
  const provider = await modelProvider(stage, answering);
  const node = () =>
    startAiGateway(stage, {
      ...{ providers: { openai: { at: provider } }, more: 'auth: { apiKey: { in: bearer } }', top },
      route: { durable: { ...durable, ...spec }, attempts: 1 },
      ...config,
    });
  return { provider, weir: await node(), node };
}

/** What has come of a stream, and how it ended. */
class Client {
  readonly request: ClientRequest;
  status = 0;
  headers: IncomingMessage['headers'] = {};
  text = '';
  end: 'whole' | 'broken' | null = null;

  constructor(url: string, method: string, headers: Record<string, string>, body: string) {
    this.request = httpRequest(url, { method, headers: { 'content-type': 'application/json', ...headers } });
    this.request.on('response', (response) => {
      this.status = response.statusCode ?? 0;
      this.headers = response.headers;
      response.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
      response.on('end', () => (this.end = response.complete ? 'whole' : 'broken'));
      response.on('error', () => (this.end = 'broken'));
    });
    this.request.on('error', () => (this.end ??= 'broken'));
    this.request.end(body);
  }

  get id(): string {
    return String(this.headers['x-weir-stream-id']);
  }

  get events(): readonly string[] {
    return this.text.split('\n\n').filter((block) => block.startsWith('id: '));
  }

  get lastEventId(): string {
    return this.events.at(-1)?.split('\n')[0]?.slice('id: '.length) ?? '';
  }

  has(count: number): Promise<void> {
    return until(
      () => this.events.length >= count,
      () => `${this.events.length} of ${count} events came, and the end is ${this.end}: ${this.status} ${this.text}`,
    );
  }

  async isOver(): Promise<this> {
    await until(
      () => this.end !== null,
      () => `it does not end: ${this.status} ${this.text}`,
    );
    return this;
  }
}

const question = JSON.stringify({ model: 'openai/gpt', stream: true, messages: [{ role: 'user', content: 'Hi' }] });
const ask = (weir: AiGateway, headers: Record<string, string> = ALICE) =>
  new Client(`${weir.url}/v1/chat/completions`, 'POST', headers, question);
const resume = (weir: AiGateway, id: string, lastEventId: string, headers: Record<string, string> = ALICE) =>
  new Client(`${weir.url}/v1/streams/${id}`, 'GET', { ...headers, 'last-event-id': lastEventId }, '');
const askAgain = (weir: AiGateway, lastEventId: string) => ask(weir, { ...ALICE, 'last-event-id': lastEventId });

async function questionOf(provider: { readonly questions: readonly Question[] }): Promise<Question> {
  await until(
    () => provider.questions.length > 0,
    () => 'nobody was asked',
  );
  const [asked] = provider.questions;
  if (asked === undefined) throw new Error('nobody was asked');
  return asked;
}

/** On a busy machine a Redis may answer too late, and then a stream is passed on unkept. */
async function kept(weir: AiGateway): Promise<Client> {
  for (let times = 0; times < 20; times += 1) {
    const client = await ask(weir).isOver();
    if (client.headers['x-weir-stream-id'] !== undefined) return client;
  }
  throw new Error('none of twenty streams was kept');
}

const words = ['one ', 'two ', 'three ', 'four ', 'five'];
/** The role, the words, the finish, and the end that OpenAI's streams have. */
const saying: Answering = (one) => {
  beginSse(one);
  one.response.end(openAiWords.text(...words));
};
const reached = (weir: AiGateway, isSo: boolean) =>
  until(
    async () => (await weir.metrics()).includes(`weir_ai_streams_store_reachable ${isSo ? 1 : 0}`),
    () => 'Redis is not reached, or still is',
  );

describe('a stream that is kept', () => {
  it('has an id, and its events are numbered; official words are what they were', async () => {
    const { weir } = await started({ answering: saying });
    const client = await ask(weir).isOver();
    expect(client.id).toMatch(/^[0-9a-f]{16}-[0-9a-f]{32}$/);
    expect(client.end).toBe('whole');
    for (const [index, event] of client.events.entries())
      expect(event.startsWith(`id: ${client.id}.${index + 1}\ndata: `)).toBe(true);
    expect(client.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('goes on where its connection was killed, behind every one of its events, as it was asked for either way', async () => {
    const { weir, provider } = await started();
    const total = (
      await (async () => {
        provider.answering = saying;
        return ask(weir).isOver();
      })()
    ).events.length;
    for (let killedAfter = 1; killedAfter < total; killedAfter += 1) {
      const before = provider.questions.length;
      let asked: Question | null = null;
      provider.answering = (one) => {
        asked = one;
        beginSse(one);
        one.response.write(openAiWords.delta({ content: words[0] }));
      };
      const client = ask(weir);
      await client.has(1);
      const writer = (asked as Question | null)?.response;
      for (let at = 1; at < killedAfter && at < words.length; at += 1)
        writer?.write(openAiWords.delta({ content: words[at] }));
      await client.has(Math.min(killedAfter, words.length));
      client.request.destroy();
      for (let at = Math.min(killedAfter, words.length); at < words.length; at += 1)
        writer?.write(openAiWords.delta({ content: words[at] }));
      writer?.end(openAiWords.end());
      const rest =
        killedAfter % 2 === 0 ? resume(weir, client.id, client.lastEventId) : askAgain(weir, client.lastEventId);
      await rest.isOver();
      expect(rest.end).toBe('whole');
      const all = [...client.events, ...rest.events].map((event) => Number(event.split('\n')[0]?.split('.').at(-1)));
      expect(all).toEqual(Array.from({ length: all.length }, (_, i) => i + 1));
      const said = [client.text, rest.text]
        .join('')
        .match(/"content":"[^"]+"/g)
        ?.join('');
      expect(said).toBe(words.map((word) => `"content":"${word}"`).join(''));
      expect(rest.text.endsWith('data: [DONE]\n\n')).toBe(true);
      expect(provider.questions).toHaveLength(before + 1);
    }
  });

  it('goes on though its client has gone, live for who comes back, and its tokens are counted once', async () => {
    const { weir, provider } = await started();
    const client = ask(weir);
    const asked = await questionOf(provider);
    beginSse(asked);
    asked.response.write(openAiWords.delta({ content: 'one ' }));
    await client.has(1);
    client.request.destroy();
    await until(
      async () => (await weir.metrics()).includes('weir_ai_streams_abandoned 1'),
      () => 'it was not abandoned',
    );
    expect(asked.isLeft).toBe(false);
    const rest = resume(weir, client.id, client.lastEventId);
    await until(
      async () => (await weir.metrics()).includes('weir_ai_streams_abandoned 0'),
      () => 'nobody came back',
    );
    asked.response.write(openAiWords.delta({ content: 'two ' }));
    await rest.has(1);
    asked.response.end(openAiWords.end());
    expect((await rest.isOver()).end).toBe('whole');
    const metrics = await weir.metrics();
    expect(metrics).toContain('weir_ai_tokens_total{model="openai/*",provider="openai",kind="output"} 7');
    expect(metrics).toContain('weir_ai_streams_resumed_total 1');
    expect(metrics).toContain('weir_ai_streams_running 0');
  });

  it('leaves the provider alone when nobody has come back for as long as the route says', async () => {
    const { weir, provider } = await started({ spec: { withoutClientMs: 0 } });
    const client = ask(weir);
    const asked = await questionOf(provider);
    beginSse(asked);
    asked.response.write(openAiWords.delta({ content: 'one ' }));
    await client.has(1);
    client.request.destroy();
    await until(
      () => asked.isLeft,
      () => 'the provider still answers',
    );
    const rest = await resume(weir, client.id, '0').isOver();
    expect(rest.text.startsWith(client.text)).toBe(true);
    expect(rest.end).toBe('broken');
  });

  it('that failed ends with its error for who comes back, too, and breaks', async () => {
    const { weir, provider } = await started();
    const client = ask(weir);
    const asked = await questionOf(provider);
    beginSse(asked);
    asked.response.write(openAiWords.delta({ content: 'one ' }));
    await client.has(2);
    asked.response.end(openAiWords.error('broken'));
    expect((await client.isOver()).end).toBe('broken');
    const rest = await resume(weir, client.id, '').isOver();
    expect(rest.text).toBe(client.text);
    expect(rest.text).toContain('"error"');
    expect(rest.end).toBe('broken');
  });

  it('is nobody else’s, and neither is one that never was', async () => {
    const { weir } = await started({ answering: saying });
    const client = await ask(weir).isOver();
    for (const other of [
      resume(weir, client.id, '', BOB),
      resume(
        weir,
        client.id.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
        '',
      ),
      resume(weir, 'nonsense', ''),
      resume(weir, client.id, 'nonsense'),
    ]) {
      await other.isOver();
      expect(other.status).toBe(404);
      expect(JSON.parse(other.text)).toMatchObject({
        error: { message: expect.stringContaining('There is no such stream') },
      });
    }
    expect((await resume(weir, client.id, '', {}).isOver()).status).toBe(401);
  });

  it('is there for as long as the route says', async () => {
    const { weir } = await started({ answering: saying, spec: { keepMs: 1_000 } });
    const client = await ask(weir).isOver();
    expect((await resume(weir, client.id, '').isOver()).status).toBe(200);
    await until(
      async () => (await resume(weir, client.id, '').isOver()).status === 404,
      () => 'it is still there',
    );
  });

  it('that has grown too long goes on for who reads it, and can not be come back to', async () => {
    const { weir } = await started({ answering: saying, spec: { bytesMax: 300 } });
    const client = await ask(weir).isOver();
    expect([client.end, client.events.length]).toEqual(['whole', words.length + 3]);
    const rest = await resume(weir, client.id, client.lastEventId).isOver();
    expect(rest.status).toBe(410);
    expect(JSON.parse(rest.text)).toMatchObject({
      error: { message: expect.stringContaining('grown beyond what is kept') },
    });
  });

  it('is one of so many; a stream beyond that is passed on as if they were not kept', async () => {
    const { weir } = await started({ answering: saying, spec: { streamsMax: 1 } });
    await ask(weir).isOver();
    const second = await ask(weir).isOver();
    expect([second.end, second.headers['x-weir-stream-id']]).toEqual(['whole', undefined]);
    expect(second.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(await weir.metrics()).toContain('weir_ai_streams_refused_total 1');
  });

  it('is no answer that is whole, nor one that is refused', async () => {
    const { weir } = await started({ answering: (one) => json(one, { error: { message: 'no' } }, 400) });
    const client = await ask(weir).isOver();
    expect([client.status, client.headers['x-weir-stream-id']]).toEqual([400, undefined]);
  });
});

describe('nodes that share a Redis', () => {
  it('have each other’s streams: what runs, live, and what has ended', async () => {
    const redis = await startRedis(stage);
    const { weir, provider, node } = await started({ redis: redis.url });
    const other = await node();
    for (const one of [weir, other]) await reached(one, true);
    const client = ask(weir);
    const asked = await questionOf(provider);
    beginSse(asked);
    for (const word of words.slice(0, 2)) asked.response.write(openAiWords.delta({ content: word }));
    // A role comes before the words.
    await client.has(3);
    client.request.destroy();
    const rest = resume(other, client.id, `${client.id}.2`);
    await rest.has(1);
    asked.response.write(openAiWords.delta({ content: words[2] }));
    await rest.has(2);
    asked.response.end(openAiWords.end());
    expect((await rest.isOver()).end).toBe('whole');
    expect(rest.text.match(/"content":"[^"]+"/g)).toEqual(words.slice(1, 3).map((word) => `"content":"${word}"`));
    const again = await resume(other, client.id, '').isOver();
    expect(again.end).toBe('whole');
    expect(again.text.endsWith(rest.text)).toBe(true);
    expect((await resume(other, client.id, '', BOB).isOver()).status).toBe(404);
  });

  it('pass streams on unkept while it is away, and say that none can be come back to', async () => {
    const redis = await startRedis(stage);
    const { weir } = await started({ redis: redis.url, answering: saying });
    await reached(weir, true);
    const client = await kept(weir);
    await redis.kill();
    await reached(weir, false);
    const unkept = await ask(weir).isOver();
    expect([unkept.end, unkept.headers['x-weir-stream-id']]).toEqual(['whole', undefined]);
    const rest = await resume(weir, client.id, '').isOver();
    expect(rest.status).toBe(503);
    expect(rest.headers['retry-after']).toBe('1');
    expect(JSON.parse(rest.text)).toMatchObject({
      error: { message: expect.stringContaining('streams cannot be reached now') },
    });
  });

  it('keep no model at work for somebody who only asks for another one’s stream', async () => {
    const redis = await startRedis(stage);
    const { weir, provider, node } = await started({
      redis: redis.url,
      timeouts: 'total: 10m',
      spec: { withoutClientMs: 2_000 },
    });
    const other = await node();
    for (const one of [weir, other]) await reached(one, true);
    const client = ask(weir);
    const asked = await questionOf(provider);
    beginSse(asked);
    asked.response.write(openAiWords.delta({ content: words[0] }));
    await client.has(1);
    client.request.destroy();
    // Bob asks all the while, and is told nothing; Alice's model is let go of all the same.
    await until(
      async () => {
        expect((await resume(other, client.id, '', BOB).isOver()).status).toBe(404);
        // With each step of the store the node hears whether somebody reads.
        asked.response.write(openAiWords.delta({ content: words[1] }));
        return asked.response.destroyed;
      },
      () => 'the model is still at work',
    );
  });

  it('lose no word of a stream to an absence of Redis in its middle', async () => {
    const redis = await startRedis(stage);
    const { weir, provider, node } = await started({ redis: redis.url });
    const other = await node();
    for (const one of [weir, other]) await reached(one, true);
    const client = ask(weir);
    const asked = await questionOf(provider);
    beginSse(asked);
    asked.response.write(openAiWords.delta({ content: words[0] }));
    await client.has(1);
    redis.signal('SIGSTOP');
    for (const word of words.slice(1)) asked.response.write(openAiWords.delta({ content: word }));
    asked.response.end(openAiWords.end());
    expect((await client.isOver()).end).toBe('whole');
    redis.signal('SIGCONT');
    await reached(other, true);
    await until(
      async () => (await resume(other, client.id, '').isOver()).text === client.text,
      () => 'the other node has not all of it',
    );
  });
});
