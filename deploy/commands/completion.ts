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

/** Command → what may follow it; the empty name is the program itself. Of commands of a command, both names. */
export type Words = ReadonlyMap<string, readonly string[]>;

export function wordsOf(program: Command): Words {
  const words = new Map<string, readonly string[]>();
  const options = (command: Command): string[] => command.options.flatMap((option) => option.long ?? []);
  words.set('', [...program.commands.map((command) => command.name()), 'help', ...options(program), '--help']);
  for (const command of program.commands) {
    const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
    const below = command.commands.map((own) => own.name());
    const after = passedOnWords(command.name()) ?? [...choices, ...below, ...options(command)];
    words.set(command.name(), [...after, '--help']);
    for (const own of command.commands) words.set(`${command.name()} ${own.name()}`, [...options(own), '--help']);
  }
  return words;
}

/** Lines of a shell's `case`: for the first word, or for the first two of commands that have commands of their own. */
function casesOf(words: Words, isTwo: boolean, line: (name: string, after: string) => string): string {
  return [...words]
    .filter(([name]) => name !== '' && name.includes(' ') === isTwo)
    .map(([name, after]) => line(isTwo ? JSON.stringify(name) : name, after.join(' ')))
    .join('\n');
}

export function bashScript(words: Words): string {
  const line = (name: string, after: string): string => `    ${name}) words="${after}" ;;`;
  return `# bash completion for weir
_weir() {
  local words word="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[1]}" in
${casesOf(words, false, line)}
    *) words="${(words.get('') ?? []).join(' ')}" ;;
  esac
  if [ "$COMP_CWORD" -gt 2 ]; then
    case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${casesOf(words, true, line)}
    esac
  fi
  [ "$COMP_CWORD" -eq 1 ] && words="${(words.get('') ?? []).join(' ')}"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _weir weir ./weir
`;
}

export function zshScript(words: Words): string {
  const line = (name: string, after: string): string => `    ${name}) compadd -- ${after} ;;`;
  const lastLine = (name: string, after: string): string => `    ${name}) compadd -- ${after}; _files; return ;;`;
  return `#compdef weir
_weir() {
  if (( CURRENT == 2 )); then
    compadd -- ${(words.get('') ?? []).join(' ')}
    return
  fi
  if (( CURRENT > 3 )); then
    case "$words[2] $words[3]" in
${casesOf(words, true, lastLine)}
    esac
  fi
  case "$words[2]" in
${casesOf(words, false, line)}
  esac
  _files
}
compdef _weir weir
`;
}
