/** The part of the snapshot that says who callers are, what they show, and how often they may call. Pure. */
import { type Auth, isByConsumers, type Jwt } from '@weir/proto/config/auth.js';
import type { Consumer } from '@weir/proto/config/consumers.js';
import { type Limit, redisTimeoutDefaultMs } from '@weir/proto/config/limits.js';
import { defaultAlgorithms } from '@weir/proto/config/token-keys.js';
import { type Environment, fillReferences } from '@weir/proto/snapshot/secret-text.js';
import type {
  AuthSpec,
  ConsumerSpec,
  ConsumerTokenSpec,
  JwtKeysSpec,
  LimitSpec,
} from '@weir/proto/snapshot/snapshot.js';

/** What makes of a text what a snapshot may hold of it. */
export interface Hashing {
  readonly environment: Environment;
  /** SHA-256 of a text's UTF-8 bytes, lower-case hex. */
  readonly sha256Hex: (text: string) => string;
  /** `scrypt$N$r$p$salt$hash` of a password. */
  readonly hashPassword: (password: string) => string;
}

export function compileAuth(auth: Auth): AuthSpec {
  if (auth.apiKey !== undefined) {
    const { in: places, consumers, hide } = auth.apiKey;
    return { kind: 'apiKey', in: places, consumers, hide };
  }
  if (auth.jwt !== undefined) return compileJwt(auth.jwt);
  const { realm = 'weir', consumers = [], hide = true } = auth.basic ?? {};
  return { kind: 'basic', realm, consumers, hide };
}

function compileJwt(jwt: Jwt): AuthSpec {
  const common = {
    audiences: jwt.audience,
    clockSkewS: Math.floor(jwt.clockSkew / 1000),
    forwardClaims: jwt.forwardClaims,
    hide: jwt.hide,
  };
  if (isByConsumers(jwt)) return { kind: 'consumerJwt', consumers: jwt.consumers, ...common };
  return {
    kind: 'jwt',
    keys: compileTokenKeys(jwt),
    issuer: jwt.issuer ?? null,
    algorithms: jwt.algorithms ?? defaultAlgorithms(jwt),
    consumerClaim: jwt.consumerClaim,
    ...common,
  };
}

type TokenKeys = Pick<Jwt, 'jwks' | 'secret' | 'publicKey' | 'cache' | 'timeout'>;

function compileTokenKeys({ jwks, secret, publicKey = '', cache, timeout }: TokenKeys): JwtKeysSpec {
  if (jwks !== undefined) return { kind: 'jwks', url: jwks, cacheMs: cache, timeoutMs: timeout };
  return secret === undefined ? { kind: 'publicKey', pem: publicKey } : { kind: 'secret', secret };
}

export function compileLimit(limit: Limit, authenticates: boolean): LimitSpec {
  const { rate, concurrent = 0, burst, mode, keys, onRedisLoss = 'closed', consumers, scope } = limit;
  const reach = { ...(consumers === undefined ? {} : { consumers }), ...(scope === undefined ? {} : { scope }) };
  const by = limit.by ?? (authenticates ? 'consumer' : 'address');
  if (rate === undefined)
    return { kind: 'concurrent', requests: concurrent, by, mode: mode === 'local' ? 'local' : 'shared', ...reach };
  const withinMs = limit.redisTimeout ?? redisTimeoutDefaultMs;
  const redis = mode === 'strict' ? { withinMs, onLoss: onRedisLoss } : null;
  return { kind: 'rate', ...rate, burst: burst ?? rate.requests, by, mode, keys, redis, ...reach };
}

export function compileConsumer(consumer: Consumer, { environment, sha256Hex, hashPassword }: Hashing): ConsumerSpec {
  const reveal = (template: string): string => fillReferences(template, environment).text;
  return {
    id: consumer.id,
    keyHashes: consumer.keys.map((key) => key.sha256 ?? sha256Hex(reveal(key.template ?? ''))),
    basic: consumer.basic.map(({ username, password, hash }) => ({
      username,
      hash: hash ?? hashPassword(reveal(password ?? '')),
    })),
    ...(consumer.groups === undefined ? {} : { groups: consumer.groups }),
    ...(consumer.jwt.length === 0 ? {} : { tokens: consumer.jwt.map(compileSigner) }),
  };
}

function compileSigner(signer: Consumer['jwt'][number]): ConsumerTokenSpec {
  const { issuer, keyId = null, algorithms = defaultAlgorithms(signer) } = signer;
  return { issuer, keyId, keys: compileTokenKeys(signer), algorithms };
}
