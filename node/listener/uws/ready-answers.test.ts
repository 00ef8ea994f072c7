import { describe, expect, it } from 'vitest';
import type { OwnNames, Reusable } from '../../pipeline/reusable.js';
import { makeExchange, makeRequest } from '../../pipeline/testing/harness.js';
import { requestIds } from '../request-ids.js';
import { ReadyAnswers, readyAnswerOf } from './ready-answers.js';

const reusable = (more: Partial<Reusable> = {}): Reusable => ({
  untilMs: 1_000,
  body: new Uint8Array(10),
  isGood: () => true,
  used: () => {},
  ...more,
});
const ready = (more: Partial<Reusable> = {}) => ({
  head: Buffer.alloc(50),
  idAt: 20,
  reusable: reusable(more),
});

describe('ready answers', () => {
  it('are found by authority, path and query, each of them', () => {
    const answers = new ReadyAnswers();
    const kept = ready();
    answers.keep('a', '/x', 'q=1', kept);
    expect(answers.find('a', '/x', 'q=1', 0)?.reusable).toBe(kept.reusable);
    for (const [authority, path, query] of [
      ['b', '/x', 'q=1'],
      ['a', '/y', 'q=1'],
      ['a', '/x', ''],
      ['a', '/x', 'q=2'],
    ] as const) {
      expect(answers.find(authority, path, query, 0)).toBeNull();
    }
  });

  it('are given up at their end, and when they are no longer good', () => {
    const answers = new ReadyAnswers();
    let isGood = true;
    answers.keep('a', '/', '', ready({ isGood: () => isGood }));
    expect(answers.find('a', '/', '', 999)).not.toBeNull();
    isGood = false;
    expect(answers.find('a', '/', '', 999)).toBeNull();
    expect([answers.size, answers.bytes]).toEqual([0, 0]);
    answers.keep('a', '/', '', ready());
    expect(answers.find('a', '/', '', 1_000)).toBeNull();
    expect(answers.size).toBe(0);
  });

  it('take each other’s place, and count once', () => {
    const answers = new ReadyAnswers();
    answers.keep('a', '/', '', ready());
    const { bytes } = answers;
    const second = ready();
    answers.keep('a', '/', '', second);
    expect([answers.size, answers.bytes]).toEqual([1, bytes]);
    expect(answers.find('a', '/', '', 0)?.reusable).toBe(second.reusable);
  });

  it('stay within their bounds, the oldest given up first', () => {
    const answers = new ReadyAnswers();
    for (let i = 0; i < 2_000; i += 1) answers.keep('a', `/${i}`, '', ready());
    expect(answers.size).toBe(1_024);
    expect(answers.find('a', '/0', '', 0)).toBeNull();
    expect(answers.find('a', '/1999', '', 0)).not.toBeNull();
    const long = new ReadyAnswers();
    for (let i = 0; i < 1_000; i += 1) long.keep('a', `/${i}`, '', ready({ body: new Uint8Array(16_384) }));
    expect(long.bytes).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(long.find('a', '/999', '', 0)).not.toBeNull();
    long.clear();
    expect([long.size, long.bytes]).toEqual([0, 0]);
  });
});

describe('what becomes a ready answer', () => {
  const own: OwnNames = { deadlineHeader: 'x-request-timeout-ms', requestIdHeader: 'x-request-id' };
  const exchange = { ...makeExchange(), reusable: reusable() };
  const request = { ...makeRequest({ method: 'GET', headers: ['host', 'a'] }), exchange };
  const head = {
    status: 200,
    headers: ['etag', '"a"', 'x-request-id', exchange.id],
    lengthBytes: 10,
    resume: () => {},
  };

  it('is its head, in which the request id can be renewed', () => {
    const before = '200 OK\r\netag: "a"\r\nx-request-id: ';
    const [ids, twin] = [requestIds(new Uint8Array(10)), requestIds(new Uint8Array(10))];
    const named = { ...request, exchange: { ...exchange, id: ids.next() } };
    const kept = readyAnswerOf(named, { ...head, headers: [...head.headers.slice(0, -1), named.exchange.id] }, own);
    for (let time = 0; time < 3; time += 1) {
      expect(Buffer.from(kept?.head ?? []).toString()).toBe(`${before}${twin.next()}`);
      if (kept !== null) ids.renew(kept.head, kept.idAt);
    }
  });

  it.each<[string, object, object]>([
    ['nobody offered it', { exchange: { ...exchange, reusable: null } }, {}],
    ['the request had a wish of its own', { headers: ['host', 'a', 'range', 'bytes=0-1'] }, {}],
    ['it was asked for by HEAD', { method: 'HEAD' }, {}],
    ['it is another status', {}, { status: 304 }],
    ['something was written behind the id', {}, { headers: ['x-request-id', exchange.id, 'server-timing', 'x'] }],
    ['the id is of another', {}, { headers: ['etag', '"a"', 'x-request-id', 'other'] }],
    ['a value goes as bytes', {}, { headers: ['etag', '"\u00e4"', 'x-request-id', exchange.id] }],
  ])('is nothing where %s', (_what, ofRequest, ofHead) => {
    expect(readyAnswerOf({ ...request, ...ofRequest }, { ...head, ...ofHead }, own)).toBeNull();
  });
});
