/** The script by which zsh completes the command: sourced behind `compinit`, or a file `_cache-attribution` in `fpath`. */
import { NODE_NAMES } from './words.js'
import type { CommandWords } from './words.js'

/** The whole script. */
export function zshScript(commands: readonly CommandWords[]): string {
  const described = commands.map(({ name, summary }) => `    '${name}:${summary.replaceAll("'", `'\\''`)}'`)
  const runs = commands.filter(({ takes }) => takes === 'program')
  return `#compdef cache-attribution
# Completion of cache-attribution for zsh: source <(cache-attribution completion zsh), behind compinit
_cache_attribution() {
  local name="\${words[2]}" previous="\${words[CURRENT-1]}" index
  local -a subcommands
  subcommands=(
${described.join('\n')}
  )
  if ((CURRENT == 2)); then
    if [[ $PREFIX == -* ]]; then compadd -- --help --version; else _describe subcommand subcommands; fi
    return
  fi
  if [[ $name == help ]]; then
    _describe subcommand subcommands
    return
  fi
  # What follows a program is the program's.
  if [[ $name == (${runs.map(({ name }) => name).join('|')}) ]]; then
    for ((index = 3; index < CURRENT; index++)); do
      if [[ $words[index] == -- ]] || [[ $words[index] != -* && $words[index-1] != (${runs.flatMap(({ valued }) => valued.flatMap(({ spellings }) => spellings)).join('|')}) ]]; then
        _files
        return
      fi
    done
  fi
  if [[ $PREFIX == --*=* ]]; then
    previous="\${PREFIX%%=*}"
    compset -P '*='
  fi
  case "$name $previous" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$name" in
${commands.map(commandCase).join('\n')}
  esac
}

if [[ $funcstack[1] == _cache[-_]attribution ]]; then _cache_attribution "$@"; else compdef _cache_attribution cache-attribution; fi
`
}

function valueCases({ name, valued }: CommandWords): string[] {
  return valued.map(({ spellings, words }) => {
    const pattern = spellings.map((spelling) => `'${name} ${spelling}'`).join('|')
    if (words === null) return `    (${pattern}) _files; return ;;`
    if (words.length === 0) return `    (${pattern}) return 1 ;;`
    return `    (${pattern}) compadd -- ${words.join(' ')}; return ;;`
  })
}

function commandCase({ name, takes, options }: CommandWords): string {
  const dashed = `compadd -- ${options.join(' ')}`
  const besides = argumentsOf(takes)
  if (besides === null) return `    (${name}) ${dashed} ;;`
  return `    (${name}) if [[ $PREFIX == -* ]]; then ${dashed}; else ${besides}; fi ;;`
}

/** Null where only options can stand. */
function argumentsOf(takes: CommandWords['takes']): string | null {
  const processes = `compadd -- \${(f)"$(pgrep -x '${NODE_NAMES}' 2>/dev/null)"}`
  if (takes === 'process') return processes
  if (takes === 'process-or-file') return `${processes}; _files`
  if (takes === 'file' || takes === 'program') return '_files'
  return typeof takes === 'string' ? null : `compadd -- ${takes.join(' ')}`
}
