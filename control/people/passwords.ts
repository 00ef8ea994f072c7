/**
 * Passwords as hashes: scrypt (RFC 7914) with N = 2^15, r = 8, p = 1, which takes 32 MiB and some 70 ms for each try. No more than two are computed at
 * once, so that a crowd at the door takes neither the memory nor the threads of this process; of those who wait there are so many and no more.
 *
 * Whether there is such a user, has a password, or may sign in makes no difference to the work: with no hash to compare with, one is
 * computed all the same.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { sameForm } from './password-rules.js';

export type Work = (password: string, salt: Buffer, length: number, options: ScryptOptions) => Promise<Buffer>;

export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`; null: too many are waiting. */
  hash(password: string): Promise<string | null>;
  /** `known` null: of nobody. Null: too many are waiting. */
  isRight(password: string, known: string | null): Promise<boolean | null>;
}

const COST = { N: 2 ** 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const AT_ONCE_MAX = 2;
const WAITING_MAX = 32;
/** Of a hash that another release has made; one that asks for more is none. */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

const computed: Work = (password, salt, length, options) =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });

export function createPasswords(work: Work = computed): Passwords {
  const turns = inTurns();
  const compute = (password: string, salt: Buffer, length: number, { N, r, p }: typeof COST) =>
    turns(() => work(sameForm(password), salt, length, { N, r, p, maxmem: MEMORY_BYTES_MAX }));
  const nobodys = { cost: COST, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const hash = await compute(password, salt, HASH_BYTES, COST);
      const { N, r, p } = COST;
      return hash === null
        ? null
        : ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
    },
    async isRight(password, known) {
      const read = known === null ? null : readHash(known);
      const { cost, salt, hash } = read ?? nobodys;
      const tried = await compute(password, salt, hash.length, cost);
      if (tried === null) return null;
      const isSame = timingSafeEqual(tried, hash);
      return read !== null && isSame;
    },
  };
}

/** Null: there was no place to wait. */
function inTurns(): <T>(act: () => Promise<T>) => Promise<T | null> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (act) => {
    if (busy >= AT_ONCE_MAX) {
      if (waiting.length >= WAITING_MAX) return null;
      // Whoever ends hands the place over, so `busy` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else busy += 1;
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}

function readHash(text: string): { cost: typeof COST; salt: Buffer; hash: Buffer } | null {
  const [kind, n, r, p, salt = '', hash = ''] = text.split('$');
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const isSound = Object.values(cost).every((each) => Number.isSafeInteger(each) && each > 0);
  if (kind !== 'scrypt' || !isSound || 128 * cost.N * cost.r > MEMORY_BYTES_MAX || cost.p > 16) return null;
  const read = { cost, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
  return read.hash.length >= 16 && read.hash.length <= 128 ? read : null;
}

/** 100 bits in letters that are not mistaken for each other, in groups: read off a screen, and typed once. */
export function drawPassword(): string {
  const letters = '23456789abcdefghjkmnpqrstuvwxyzA';
  const drawn = [...randomBytes(20)].map((byte) => letters[byte & 31]).join('');
  return drawn.match(/.{5}/g)?.join('-') ?? drawn;
}
