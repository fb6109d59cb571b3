/**
 * Variables: which object is held by which variable of a module or a closure.
 *
 * The inspector shows a function's scopes with their values. All functions of a module show that module's variables
 * again, so a script of thousands of functions could use up the time: each gets a share of it.
 */
import type { FunctionFacts, Scope } from './inspector.js'
import type { ObjectReader } from './object-reader.js'
import { isObject } from './walk.js'

/** A variable that holds an object. */
export interface VariableHome {
  readonly scriptId: string
  readonly variable: string
  /** The function whose variable it is; empty for a variable of the module. */
  readonly functionName: string
  readonly isModule: boolean
}

/** What is needed of the inspector. */
export interface FunctionReader {
  functionFacts(value: object, withScopes: (scriptId: string) => boolean): FunctionFacts
}

/** Object → the variables that hold it, some of them. */
export type VariableHomes = Map<object, VariableHome[]>

const HOMES_MAX = 4
const SCRIPT_SHARE_MS = 2000

/** The variables of all `functions`, as far as the time reaches; `complete` says whether it did. */
export function readVariables(
  functions: readonly object[],
  reader: FunctionReader,
  names: Pick<ObjectReader, 'functionName'>,
  isOfInterest: (scriptId: string) => boolean,
  clock: { readonly now: () => number; readonly deadlineMs: number },
): { readonly homes: VariableHomes; readonly complete: boolean } {
  const homes: VariableHomes = new Map()
  const spentMs = new Map<string, number>()
  let complete = true
  const wants = (scriptId: string): boolean => {
    if (!isOfInterest(scriptId)) return false
    if ((spentMs.get(scriptId) ?? 0) < SCRIPT_SHARE_MS) return true
    complete = false
    return false
  }
  for (const value of functions) {
    const startMs = clock.now()
    if (startMs > clock.deadlineMs) return { homes, complete: false }
    let facts: FunctionFacts
    try {
      facts = reader.functionFacts(value, wants)
    } catch {
      // A function of another context: its variables are not to be had.
      continue
    }
    const { scriptId } = facts
    if (scriptId === null) continue
    const scopes = facts.scopes.filter(({ description }) => !FOREIGN.test(description))
    for (const [index, scope] of scopes.entries()) {
      noteScope(homes, scriptId, names.functionName(value), scope, index === scopes.length - 1)
    }
    if (facts.scopes.length > 0) spentMs.set(scriptId, (spentMs.get(scriptId) ?? 0) + clock.now() - startMs)
  }
  return { homes, complete }
}

function noteScope(
  homes: VariableHomes,
  scriptId: string,
  inner: string,
  { description, variables }: Scope,
  isOutermost: boolean,
): void {
  const isModule = description === 'Module' || description === 'Script' || (isOutermost && description === WRAPPER)
  const owner = isModule ? '' : ownerOf(description, inner)
  for (const variable of Object.keys(variables)) {
    const value = valueOf(variables, variable)
    // A named function closes over itself, and `this` is no variable.
    if (!isObject(value) || variable === 'this') continue
    const known = homes.get(value)
    const home = { scriptId, variable, functionName: owner, isModule }
    if (known === undefined) homes.set(value, [home])
    else if (known.length < HOMES_MAX && !known.some((other) => isSame(other, home))) known.push(home)
  }
}

/** Scopes that are no variables but objects of their own, whose code a look might run: the global object, that of a `with`. */
const FOREIGN = /^(?:Global|With)/

/** A variable that has no value yet throws at a look on Node 24 and later. */
function valueOf(variables: object, variable: string): unknown {
  try {
    return Reflect.getOwnPropertyDescriptor(variables, variable)?.value
  } catch {
    return undefined
  }
}

/** The function without a name into which Node wraps a CommonJS module; a bundle's own wrapper looks the same. */
const WRAPPER = 'Closure'

/** `createCache` of `Closure (createCache)`; a block, or a closure without a name, is called by the inner function. */
function ownerOf(description: string, inner: string): string {
  const name = /^Closure \((.+)\)$/.exec(description)?.[1]
  return name ?? (inner === '' ? 'closure' : `closure of ${inner}`)
}

function isSame(a: VariableHome, b: VariableHome): boolean {
  return a.scriptId === b.scriptId && a.variable === b.variable && a.functionName === b.functionName
}
