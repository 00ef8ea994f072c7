/**
 * Host → controls, and back: values of the secrets of teams that a snapshot names. Any control answers that has their key and has read the
 * registry as far as that snapshot goes; all others are silent. What it says is sealed for the key that the host tells, and signed as all that
 * control says is (proto/signing), so neither what carries it nor who listens can read or make it.
 *
 *     answer:  signed frame of purpose `secrets` ( sealed box ( JSON of SecretsAnswer ) )
 */
import { z } from 'zod';
import { isName, SERIAL_MAX } from './guards.js';

export interface SecretsQuestion {
  readonly kind: 'secrets.question';
  /** Of the host. */
  readonly id: string;
  /** What the answer is sealed for, in base64url. */
  readonly boxKey: string;
  /** Drawn for this question, and told in its answer: an older one is no answer. */
  readonly nonce: string;
  /** Entry of the registry that whoever answers has read, at least. */
  readonly registry: number;
  /** `TEAM/NAME`. */
  readonly names: readonly string[];
}

/** More are asked for in turn. */
export const secretsAskedMax = 256;
/** Of names and values in one answer, in characters of JSON, so that it fits a message; what is left is asked for again. */
export const secretsAnswerCharsMax = 320 * 1024;

export interface SecretsAnswer {
  readonly id: string;
  readonly nonce: string;
  /** The last entry of the registry that was read. */
  readonly registry: number;
  /** `TEAM/NAME` → text. */
  readonly values: Readonly<Record<string, string>>;
  /** Are not there, or can't be opened. */
  readonly absent: readonly string[];
}

const secretName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}\/[A-Za-z_][A-Za-z0-9_]{0,63}$/);
const base64url = (characters: number) => z.string().regex(new RegExp(`^[\\w-]{${characters}}$`));
const number = z.number().int().nonnegative().max(SERIAL_MAX);

const question: z.ZodType<SecretsQuestion> = z.object({
  kind: z.literal('secrets.question'),
  id: z.custom<string>(isName),
  boxKey: base64url(43),
  nonce: base64url(22),
  registry: number,
  names: z.array(secretName).min(1).max(secretsAskedMax),
});

const answer: z.ZodType<SecretsAnswer> = z.object({
  id: z.string(),
  nonce: z.string(),
  registry: number,
  values: z.record(secretName, z.string()),
  absent: z.array(secretName).max(secretsAskedMax),
});

export function readSecretsQuestion(value: unknown): SecretsQuestion | null {
  const parsed = question.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Of what was sealed and signed; never throws. */
export function readSecretsAnswer(bytes: Uint8Array): SecretsAnswer | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  const parsed = answer.safeParse(value);
  return parsed.success ? parsed.data : null;
}
