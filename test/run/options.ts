/** The arguments of `weir test`. Pure. */
import { readSeed, type Seed } from '../support/seed.js';

export const USAGE = `Usage: weir test [options] [pattern…]

Without a pattern: finds or installs the programs that the tests need, lints, builds, holds the house to its rules, and
runs every test. With patterns: only the test files whose path holds one of them, such as \`weir test node/time\`; what
else begins with a dash goes to the test runner, such as \`weir test node/time -t wheel\`.

Options:
  --tools          only find or install the programs (nginx, openssl, python3; Debian's packages, as root)
  --seed random|N  try the properties with other examples than those of every day; N replays a run (or: WEIR_SEED)
  -h, --help       this text

The last line is \`N passed, N failed\` over all of it. Exit codes: 0 when something ran and nothing failed, 1 otherwise,
2 for a mistake in the options.
`;

export type TestOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly text: string }
  | { readonly kind: 'tools' }
  | { readonly kind: 'run'; readonly patterns: readonly string[]; readonly seed: Seed };

/** `envSeed` is what WEIR_SEED holds; the option wins. */
export function readOptions(args: readonly string[], envSeed: string | undefined): TestOptions {
  const patterns: string[] = [];
  let given = envSeed;
  let onlyTools = false;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--help' || arg === '-h') return { kind: 'help' };
    if (arg === '--tools') onlyTools = true;
    else if (arg === '--seed') {
      i += 1;
      given = args[i] ?? '';
    } else if (arg.startsWith('--seed=')) given = arg.slice('--seed='.length);
    else patterns.push(arg);
  }
  const seed = readSeed(given);
  if (seed === null) return { kind: 'mistake', text: `a seed is \`random\` or a whole number, not \`${given}\`` };
  if (onlyTools && patterns.length > 0) return { kind: 'mistake', text: '--tools takes no patterns' };
  return onlyTools ? { kind: 'tools' } : { kind: 'run', patterns, seed };
}
