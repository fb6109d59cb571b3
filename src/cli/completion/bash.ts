/** The script by which bash completes the command: 3.2 and later, without the package bash-completion. */
import { NODE_NAMES } from './words.js'
import type { CommandWords } from './words.js'

/** The whole script. */
export function bashScript(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  return `# Completion of cache-attribution for bash: source <(cache-attribution completion bash)
_cache_attribution() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" name="\${COMP_WORDS[1]}" words='' index IFS=$' \\t\\n'
  COMPREPLY=()
  # Bash takes "--format=json" for three words.
  if [[ $word == '=' ]]; then word=''; elif [[ $previous == '=' ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if ((COMP_CWORD == 1)); then
    words='${names} help --help --version'
  elif [[ $name == help ]]; then
    words='${names}'
  elif [[ $name == run ]] && _cache_attribution_program; then
    return
  else
    case "$name $previous" in
${commands.flatMap(valueCases).join('\n')}
      *)
        case "$name" in
${commands.map(commandCase).join('\n')}
        esac
        ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}

# Whether a program stands before the word: what follows is the program's.
_cache_attribution_program() {
  for ((index = 2; index < COMP_CWORD; index++)); do
    case "\${COMP_WORDS[index]}" in
      --) return 0 ;;
      -* | =) ;;
      *)
        case "\${COMP_WORDS[index-1]}" in
          ${valuedOf(commands, 'run').join(' | ')} | =) ;;
          *) return 0 ;;
        esac
        ;;
    esac
  done
  return 1
}

complete -o bashdefault -o default -F _cache_attribution cache-attribution
`
}

/** Files are what bash offers where nothing else is. */
function valueCases({ name, valued }: CommandWords): string[] {
  return valued.map(({ spellings, words }) => {
    const pattern = spellings.map((spelling) => `'${name} ${spelling}'`).join(' | ')
    if (words === null) return `      ${pattern}) return ;;`
    if (words.length === 0) return `      ${pattern}) compopt +o default +o bashdefault 2>/dev/null; return ;;`
    return `      ${pattern}) words='${words.join(' ')}' ;;`
  })
}

function commandCase({ name, takes, options }: CommandWords): string {
  const dashed = `words='${options.join(' ')}'`
  const besides = argumentsOf(takes)
  if (besides === null) return `          ${name}) ${dashed} ;;`
  return `          ${name}) if [[ $word == -* ]]; then ${dashed}; else ${besides}; fi ;;`
}

/** Null where only options can stand. */
function argumentsOf(takes: CommandWords['takes']): string | null {
  if (takes === 'process' || takes === 'process-or-file') return `words="$(pgrep -x '${NODE_NAMES}' 2>/dev/null)"`
  if (takes === 'file' || takes === 'program') return 'return'
  return typeof takes === 'string' ? null : `words='${takes.join(' ')}'`
}

/** Spellings of options of `name` that the next word belongs to. */
function valuedOf(commands: readonly CommandWords[], name: string): string[] {
  return commands
    .filter((command) => command.name === name)
    .flatMap(({ valued }) => valued.flatMap(({ spellings }) => spellings))
}
