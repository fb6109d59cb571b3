/** Words that complete a command line: from the table of subcommands and the rules that read their options. */
import type { ArgumentRule } from '../arguments.js'
import type { Command } from '../command.js'

/** One subcommand. */
export interface CommandWords {
  readonly name: string
  readonly summary: string
  readonly takes: Command['takes']
  /** `--json`, `-o` … */
  readonly options: readonly string[]
  /** Those that the next word belongs to. */
  readonly valued: readonly ValuedOption[]
}

/** An option with a word behind it; `words` are what it may be, null is a file or a folder, and none is a number. */
interface ValuedOption {
  readonly spellings: readonly string[]
  readonly words: readonly string[] | null
}

/** In the order of the table. */
export function wordsOf(commands: readonly Command[]): CommandWords[] {
  return commands.map(({ name, summary, takes, rules }) => {
    const named = Object.entries(rules).map(([option, rule]) => ({ spellings: spellingsOf(option, rule), rule }))
    return {
      name,
      summary,
      takes,
      options: [...named.flatMap(({ spellings }) => spellings), '--help'],
      valued: named.flatMap(({ spellings, rule }) => (takesWord(rule) ? [{ spellings, words: valuesOf(rule) }] : [])),
    }
  })
}

/** A level and an address stand behind a `=` only. */
function takesWord({ kind }: ArgumentRule): boolean {
  return kind === 'choice' || kind === 'text' || kind === 'count'
}

function valuesOf(rule: ArgumentRule): readonly string[] | null {
  if (rule.kind === 'choice') return rule.of
  // Of texts those are files whose rule says so.
  return rule.kind === 'text' && /\b(?:file|folder|socket)\b/.test(rule.what) ? null : []
}

function spellingsOf(option: string, rule: ArgumentRule): string[] {
  return rule.kind === 'text' && rule.short !== undefined ? [`--${option}`, `-${rule.short}`] : [`--${option}`]
}

/** The names by which a main thread of Node goes in `comm`, as `pgrep -x` takes them. */
export const NODE_NAMES = 'node|MainThread|node-MainThread'
