import { flagsWithValue, type CompletedCommand } from './table.js';

/**
 * The script for bash. It looks for the command among the words before the cursor, and passes over the values of flags.
 * bash splits `--flag=value` at the `=`.
 */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const named = commands.map(({ name }) => name).join(' ');
  const [start] = commands.filter(({ isDefault }) => isDefault).map(({ name }) => name);
  return `# bash completion for sluice: source <(sluice completion bash)

_sluice() {
  local current=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD-1]} command= at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      --) _sluice_files; return ;;
      ${flagsWithValue(commands).join('|')})
        [[ \${COMP_WORDS[at+1]} == = ]] && ((at++))
        ((at++)) ;;
      ${commands.map(({ name }) => name).join('|')}) command=\${command:-\${COMP_WORDS[at]}} ;;
    esac
  done
  if [[ $current == = ]]; then current=
  elif [[ $flag == = ]]; then flag=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case "\${command:-${start}} $flag" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$command,$current" in
    ,-*) _sluice_words '${flagsOf(commands.find(({ isDefault }) => isDefault))}' ;;
    ,*) _sluice_words '${named}' ;;
${commands.flatMap(operandCases).join('\n')}
  esac
}

_sluice_words() {
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}

# Names of files, as bash itself completes them.
_sluice_files() {
  compopt -o default 2>/dev/null && return
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$current"))
}

complete -F _sluice sluice
`;
}

function flagsOf(command: CompletedCommand | undefined): string {
  return (command?.flags ?? []).map(({ name }) => `--${name}`).join(' ');
}

function valueCases({ name, flags }: CompletedCommand): string[] {
  return flags.filter(({ takesValue }) => takesValue).map((flag) => {
    const values = flag.values.length > 0 ? `_sluice_words '${flag.values.join(' ')}'; ` : '';
    return `    '${name} --${flag.name}') ${flag.takesFile ? '_sluice_files; ' : values}return ;;`;
  });
}

function operandCases(command: CompletedCommand): string[] {
  const { name, takesFiles, operands } = command;
  const flags = `    ${name},-*) _sluice_words '${flagsOf(command)}' ;;`;
  if (takesFiles) return [flags, `    ${name},*) _sluice_files ;;`];
  return operands.length === 0 ? [flags] : [flags, `    ${name},*) _sluice_words '${operands.join(' ')}' ;;`];
}
