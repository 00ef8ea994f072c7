/**
 * Which of a contract's examples answers a request: `Prefer: code=404, example=none` (RFC 7240, with the preferences of Stoplight's Prism), and the
 * media type that Accept likes best; without a wish the first success, else the first answer. Pure.
 */
import type { MockAnswerSpec } from '@weir/proto/snapshot/contract.js';
import { acceptance } from './body-types.js';

export type ChosenMock =
  | { readonly kind: 'answer'; readonly answer: MockAnswerSpec; readonly status: number; readonly applied: string }
  /** Neither a status nor a name that was asked for is in the contract, or it has none at all. */
  | { readonly kind: 'missing'; readonly wish: string }
  | { readonly kind: 'unacceptable'; readonly types: readonly string[] };

export function chooseMock(
  answers: readonly MockAnswerSpec[],
  prefer: string | undefined,
  accept: string | undefined,
): ChosenMock {
  const code = preference(prefer, 'code');
  const name = preference(prefer, 'example');
  const status = code !== null && /^[2-5]\d\d$/.test(code) ? Number(code) : null;
  if (code !== null && status === null) return { kind: 'missing', wish: `code=${code}` };
  const byStatus = status === null ? usual(answers, name) : narrowest(answers, status);
  const byName = name === null ? byStatus : byStatus.filter((answer) => answer.name === name);
  const wish = [code === null ? '' : `code=${code}`, name === null ? '' : `example=${name}`]
    .filter((one) => one !== '')
    .join(', ');
  if (byName.length === 0) return { kind: 'missing', wish };
  let best: MockAnswerSpec | null = null;
  let liked = 0;
  for (const answer of byName) {
    const quality = answer.type === '' ? 1 : acceptance(accept, answer.type);
    if (quality <= liked) continue;
    best = answer;
    liked = quality;
  }
  if (best === null) return { kind: 'unacceptable', types: [...new Set(byName.map(({ type }) => type))] };
  return { kind: 'answer', answer: best, status: status ?? best.status, applied: wish };
}

/** Those of the first success, else of the first answer; a name may be that of any. */
function usual(answers: readonly MockAnswerSpec[], name: string | null): readonly MockAnswerSpec[] {
  const named = name === null ? answers : answers.filter((answer) => answer.name === name);
  const successes = named.filter(({ status }) => status < 300);
  const [first] = successes.length > 0 ? [...successes].sort((a, b) => a.status - b.status) : named;
  return first === undefined ? [] : named.filter(({ status }) => status === first.status);
}

/** Those for exactly this status before those for its range, and `default` last. */
function narrowest(answers: readonly MockAnswerSpec[], status: number): readonly MockAnswerSpec[] {
  const taking = answers.filter(({ from, to }) => from <= status && status <= to);
  const width = Math.min(...taking.map(({ from, to }) => to - from));
  return taking.filter(({ from, to }) => to - from === width);
}

/** Null: it is not stated. */
function preference(prefer: string | undefined, name: string): string | null {
  for (const part of (prefer ?? '').split(/[,;]/)) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim().toLowerCase() !== name) continue;
    return part
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .slice(0, 100);
  }
  return null;
}
