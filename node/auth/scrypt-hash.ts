/**
 * A password hash as text: `scrypt$N$r$p$salt$hash`, salt and hash in base64url (RFC 7914 names the parameters). The
 * parameters decide what a check costs, so they have bounds: 128 × N × r bytes of memory, at most 256 MiB.
 */
export interface ScryptHash {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallel: number;
  /** base64url */
  readonly salt: string;
  /** base64url */
  readonly hash: string;
  readonly memoryBytes: number;
}

const MEMORY_BYTES_MAX = 256 * 1024 * 1024;
const PARALLEL_MAX = 16;
const FORM = /^scrypt\$(\d{1,8})\$(\d{1,4})\$(\d{1,2})\$([\w-]{8,128})\$([\w-]{22,128})$/;

export function parseScryptHash(text: string): ScryptHash | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [cost, blockSize, parallel] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const memoryBytes = 128 * cost * blockSize;
  const isPowerOfTwo = cost > 1 && Number.isInteger(Math.log2(cost));
  if (!isPowerOfTwo || blockSize < 1 || parallel < 1 || parallel > PARALLEL_MAX || memoryBytes > MEMORY_BYTES_MAX) {
    return null;
  }
  return { cost, blockSize, parallel, salt: match[4] ?? '', hash: match[5] ?? '', memoryBytes };
}
