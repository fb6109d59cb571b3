/**
 * The arguments of one subcommand, checked: every refusal names what was expected, and the nearest known name.
 */
import { parseArgs } from 'node:util'
import { CacheAttributionError } from '../support/errors.js'
import { nearestName } from '../support/options.js'

/**
 * One option: a switch, a value out of a few, any text (with what it is for the error that it is missing), an integer, or a
 * switch that may have an integer or a text behind a `=`.
 */
export type ArgumentRule =
  | { readonly kind: 'switch' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'text'; readonly what: string; readonly short?: string }
  | { readonly kind: 'count'; readonly min: number; readonly max: number }
  | { readonly kind: 'level'; readonly min: number; readonly max: number }
  | { readonly kind: 'address'; readonly what: string }

/** Options as given: a switch is true, a choice and a level are their value; what was not given is missing. */
export interface Arguments {
  readonly options: ReadonlyMap<string, string | true>
  /** The first argument that is no option, and everything after it, untouched; a `--` before it is taken off. */
  readonly operands: readonly string[]
}

/** `ERR_COMMAND_USAGE`. */
export function usageError(message: string): CacheAttributionError {
  return new CacheAttributionError('ERR_COMMAND_USAGE', message)
}

/** An argument as error texts show it: in quotes, never long. */
export function quotedArgument(argument: string): string {
  return JSON.stringify(argument.length > 60 ? `${argument.slice(0, 59)}…` : argument)
}

/** `did you mean "…"?`, or what there is. */
export function nameHint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`
}

/**
 * Splits `args` into the options of `owner` and the rest.
 *
 * Only what stands before the rest is ours: a program's own options must reach it as they are.
 *
 * @throws CacheAttributionError `ERR_COMMAND_USAGE`
 */
export function readArguments(
  owner: string,
  args: readonly string[],
  rules: Readonly<Record<string, ArgumentRule>>,
): Arguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: parserOptions(rules),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const options = new Map<string, string | true>()
  for (const token of tokens) {
    if (token.kind === 'positional') return { options, operands: args.slice(token.index) }
    if (token.kind === 'option-terminator') return { options, operands: args.slice(token.index + 1) }
    options.set(token.name, checkedValue(owner, rules, token))
  }
  return { options, operands: [] }
}

/**
 * The options and the one other argument of a subcommand, in any order.
 *
 * @throws CacheAttributionError `ERR_COMMAND_USAGE`
 */
export function readTargeted(
  owner: string,
  args: readonly string[],
  rules: Readonly<Record<string, ArgumentRule>>,
): { readonly options: Arguments['options']; readonly target: string | undefined } {
  const before = readArguments(owner, args, rules)
  const [target, ...behind] = before.operands
  const after = readArguments(owner, behind, rules)
  const [surplus] = after.operands
  if (surplus !== undefined)
    throw usageError(`"${owner}" takes one argument besides options, got ${quotedArgument(surplus)} too`)
  return { options: new Map([...before.options, ...after.options]), target }
}

/** Refuses a rest that the subcommand has no use for. */
export function refuseOperands(owner: string, operands: readonly string[]): void {
  if (operands.length > 0) throw usageError(`"${owner}" takes no ${quotedArgument(operands[0] ?? '')}, only options`)
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
}

function checkedValue(owner: string, rules: Readonly<Record<string, ArgumentRule>>, token: OptionToken): string | true {
  const { name, rawName, value } = token
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
  if (rule === undefined) {
    throw usageError(
      `"${owner}" has no option ${quotedArgument(rawName)}: ${nameHint(rawName, Object.keys(rules).map(dashed))}`,
    )
  }
  if (rule.kind === 'switch') {
    if (value !== undefined) throw usageError(`"${rawName}" takes no value, got ${quotedArgument(value)}`)
    return true
  }
  if (rule.kind === 'level') return value === undefined ? true : checkedLevel(rawName, value, rule)
  if (rule.kind === 'count') return checkedLevel(rawName, value ?? '', rule)
  if (rule.kind === 'address' && value === undefined) return true
  if (rule.kind === 'text' || rule.kind === 'address') {
    if (value === undefined || value === '') throw usageError(`"${rawName}" needs ${rule.what}`)
    return value
  }
  if (value === undefined || !rule.of.includes(value)) {
    throw usageError(
      `"${rawName}" must be one of ${rule.of.join(', ')}, got ${value === undefined ? 'nothing' : quotedArgument(value)}`,
    )
  }
  return value
}

function checkedLevel(rawName: string, value: string, { min, max }: { min: number; max: number }): string {
  const level = /^\d{1,9}$/.test(value) ? Number(value) : NaN
  if (level >= min && level <= max) return value
  throw usageError(`"${rawName}" takes an integer from ${min} to ${max}, got ${quotedArgument(value)}`)
}

function dashed(name: string): string {
  return `--${name}`
}

interface ParserOption {
  readonly type: 'boolean' | 'string'
  readonly short?: string
}

function parserOptions(rules: Readonly<Record<string, ArgumentRule>>): Record<string, ParserOption> {
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, parserOption(rule)] as const))
}

function parserOption(rule: ArgumentRule): ParserOption {
  if (rule.kind === 'switch' || rule.kind === 'level' || rule.kind === 'address') return { type: 'boolean' }
  return rule.kind === 'text' && rule.short !== undefined ? { type: 'string', short: rule.short } : { type: 'string' }
}
