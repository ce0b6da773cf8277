import { flagsWithValue, type CompletedCommand, type CompletedFlag } from './table.js';

/**
 * The script for zsh, both for a folder of `fpath` and to be sourced. It looks for the command among the words before
 * the cursor, and leaves the words from there on to `_arguments`.
 */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const start = commands.find(({ isDefault }) => isDefault);
  return `#compdef sluice
# zsh completion for sluice: source <(sluice completion zsh), or a file _sluice in a folder of fpath

_sluice_commands() {
  local -a commands=(
${commands.map(({ name, about }) => `    ${quoted(`${name}:${about.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  _describe -t commands command commands
}

_sluice() {
  local command= at first
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in
      --) _files; return ;;
      ${flagsWithValue(commands).join('|')}) ((at++)) ;;
      ${commands.map(({ name }) => name).join('|')})
        [[ -z $command ]] && command=$words[at] first=$at ;;
    esac
  done
  if [[ -n $command ]]; then
    words=("\${(@)words[first,-1]}")
    ((CURRENT -= first - 1))
  fi
  case $command in
    '')
      _arguments ${indented([...(start?.flags ?? []).map(flagSpec), "'1:command:_sluice_commands'"])} ;;
${commands.map(commandCase).join('\n')}
  esac
}

if [[ $funcstack[1] == _sluice ]]; then
  _sluice "$@"
else
  compdef _sluice sluice
fi
`;
}

function commandCase({ name, flags, takesFiles, operands }: CompletedCommand): string {
  const rest = takesFiles ? ["'*:file:_files'"] : operands.length > 0 ? [`'1:word:(${operands.join(' ')})'`] : [];
  return `    ${name})\n      _arguments ${indented([...flags.map(flagSpec), ...rest])} ;;`;
}

function indented(specs: readonly string[]): string {
  return specs.map((spec) => `\\\n        ${spec}`).join(' ');
}

function flagSpec({ name, about, takesValue, takesFile, values }: CompletedFlag): string {
  const described = `--${name}${takesValue ? '=' : ''}[${about.replace(/[[\]:\\]/g, '\\$&')}]`;
  const action = takesFile ? '_files' : values.length > 0 ? `(${values.join(' ')})` : ' ';
  return quoted(takesValue ? `${described}:value:${action}` : described);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
