/** Whether a command line that some file of deploy/ holds is one that this CLI takes, and what it means. Nothing is run. */
import { registerControl } from '@weir/deploy/commands/control.js';
import { registerNode } from '@weir/deploy/commands/node.js';
import { registerUp } from '@weir/deploy/commands/up.js';
import { Command } from 'commander';

export interface ParsedCommand {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** `words` without the program. Throws with the CLI's own words for what it does not take. */
export function parseCommand(words: readonly string[]): ParsedCommand {
  const program = new Command('weir').enablePositionalOptions();
  registerUp(program);
  registerNode(program);
  registerControl(program);
  let parsed: ParsedCommand | null = null;
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ writeErr: () => {} });
    command.action((options: Record<string, unknown>) => {
      parsed = { name: command.name(), options };
    });
  }
  program.exitOverride().configureOutput({ writeErr: () => {} });
  program.parse(words, { from: 'user' });
  if (parsed === null) throw new Error(`no command: ${words.join(' ')}`);
  return parsed;
}
