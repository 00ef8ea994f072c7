/** `weir completion bash|zsh`: a script for the shell, made from the commands that there are. */
import { Argument, type Command } from 'commander';
import { passedOnWords } from './passed-on.js';

export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for bash or zsh')
    .description('Prints a script that lets the Tab key complete the commands of weir and their options.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
    .addHelpText(
      'after',
      `
Examples:
  source <(weir completion bash)
  weir completion zsh > "\${fpath[1]}/_weir"`,
    )
    .action((shell: 'bash' | 'zsh') => {
      const words = wordsOf(program);
      process.stdout.write(shell === 'bash' ? bashScript(words) : zshScript(words));
    });
}

/** Command → what may follow it; the empty name is the program itself. */
export type Words = ReadonlyMap<string, readonly string[]>;

export function wordsOf(program: Command): Words {
  const words = new Map<string, readonly string[]>();
  const options = (command: Command): string[] => command.options.flatMap((option) => option.long ?? []);
  words.set('', [...program.commands.map((command) => command.name()), 'help', ...options(program), '--help']);
  for (const command of program.commands) {
    const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
    // Of a command with commands of its own, these and what may follow them: scripts look at the first word alone.
    const below = command.commands.flatMap((own) => [own.name(), ...options(own)]);
    const own = [...new Set([...choices, ...below, ...options(command)])];
    words.set(command.name(), [...(passedOnWords(command.name()) ?? own), '--help']);
  }
  return words;
}

export function bashScript(words: Words): string {
  const cases = [...words]
    .filter(([name]) => name !== '')
    .map(([name, after]) => `    ${name}) words="${after.join(' ')}" ;;`);
  return `# bash completion for weir
_weir() {
  local words word="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="${(words.get('') ?? []).join(' ')}" ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="${(words.get('') ?? []).join(' ')}"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _weir weir ./weir
`;
}

export function zshScript(words: Words): string {
  const cases = [...words]
    .filter(([name]) => name !== '')
    .map(([name, after]) => `    ${name}) compadd -- ${after.join(' ')} ;;`);
  return `#compdef weir
_weir() {
  if (( CURRENT == 2 )); then
    compadd -- ${(words.get('') ?? []).join(' ')}
    return
  fi
  case "$words[2]" in
${cases.join('\n')}
  esac
  _files
}
compdef _weir weir
`;
}
