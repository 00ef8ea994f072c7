import { describe, expect, it } from 'vitest';
import { NatsNews, worstOf } from './nats-news.js';

const away = (trouble: string, sinceMs = 0) => ({ isConnected: false, sinceMs, trouble });
const there = (trouble = '') => ({ isConnected: true, sinceMs: 0, trouble });

describe('what is said of NATS', () => {
  it('is nothing of a moment, then that it is away and why, once, and that it is back', () => {
    const news = new NatsNews('what is in force runs on');
    expect(news.look(away('nats-1:4222 does not answer'), 2_900)).toBe('');
    expect(news.look(away('nats-1:4222 does not answer'), 3_000)).toBe(
      'NATS is away (nats-1:4222 does not answer); what is in force runs on, and it is tried until it is back',
    );
    expect(news.look(away('nats-1:4222 does not answer'), 500_000)).toBe('');
    expect(news.look(there(), 600_000)).toBe('NATS is back, after 600 s');
    expect(news.look(there(), 601_000)).toBe('');
    expect(news.look(away('', 700_000), 703_000)).toContain('it does not answer');
  });

  it('names another reason a minute later, and of wrong credentials where they stand', () => {
    const news = new NatsNews('x');
    news.look(away('nats-1 is silent'), 3_000);
    expect(news.look(away("nats-2: 'Authorization Violation'"), 62_000)).toBe('');
    expect(news.look(away("nats-2: 'Authorization Violation'"), 63_000)).toMatch(
      /Authorization Violation.*--nats-creds/,
    );
  });

  it('is each refusal once, up to eight, with the file that has the permissions', () => {
    const news = new NatsNews('x');
    expect(news.look(there('the nats-server does not let it hear weir.other.snapshot'), 0)).toMatch(
      /weir\.other\.snapshot; deploy\/nats\/permissions\.conf/,
    );
    expect(news.look(there('the nats-server does not let it hear weir.other.snapshot'), 1)).toBe('');
    const told = Array.from({ length: 20 }, (_, i) => news.look(there(`no ${i}`), i)).filter((text) => text !== '');
    expect(told).toHaveLength(7);
  });

  it('is of the worst of several connections', () => {
    const [well, refused, gone] = [there(), there('no'), away('silent')];
    expect(worstOf([well, refused, gone])).toBe(gone);
    expect(worstOf([well, refused])).toBe(refused);
    expect(worstOf([well, there()])).toBe(well);
  });
});
