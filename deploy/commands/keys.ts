/** `weir keys`: those of applications (control/cli/apps.ts), and `signing create|show`: the key that controls sign with, and the public one that nodes pin. */
import { registerAppKeys } from '@weir/control/cli/apps.js';
import { Argument, type Command } from 'commander';

const HELP = `
Controls of one cluster sign snapshots and announcements with one private key; nodes follow nobody else. Copy the file to each
control, with the care that it deserves, and give the public key to each node (weir node --trust).

To change it: make a new one, start nodes with both public keys (--trust twice), controls with the new one, then nodes with the
new one alone.

Exit codes:
  0  made, or shown
  1  the file is there already, can't be read, or others may read it

Examples:
  weir keys signing create --key /etc/weir/signing.key
  weir keys signing show --key /etc/weir/signing.key`;

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('keys of applications, and the one that controls sign with')
    .description('Manages the keys that applications call with, and the key that the controls of a cluster sign with.');
  registerAppKeys(keys);
  keys
    .command('signing')
    .addArgument(
      new Argument('<what>', 'make a private key in a new file, or show the public one').choices(['create', 'show']),
    )
    .summary('the key that controls sign with')
    .description('Makes the key that controls sign with, or shows its public part, which nodes pin.')
    .requiredOption('--key <file>', 'file of the private key')
    .addHelpText('after', HELP)
    .action(async (what: 'create' | 'show', { key }: { readonly key: string }) => {
      const { createSigningKey, readSigningKey } = await import('../cluster/signing-key.js');
      try {
        const { publicKey } = what === 'create' ? createSigningKey(key) : readSigningKey(key);
        process.stdout.write(`${publicKey}\n`);
      } catch (error) {
        process.stderr.write(`weir: ${reasonOf(error, key)}\n`);
        process.exitCode = 1;
      }
    });
}

function reasonOf(error: unknown, path: string): string {
  // `code` is how Node names errors of the system.
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return `${path} is there already, and a key is never replaced; name another file`;
  return code === undefined ? message : `${path} can't be used (${code})`;
}
