/**
 * From holders to a name: the way that a reader of the code would take to the hoard. Pure: what is known of variables,
 * classes and scripts is passed in.
 *
 * A variable of a module is the best beginning, then a class of the service's own, then a closure's variable; a class
 * of a package or of Node itself says little, so the way goes further up as long as that ends better.
 */
import { printable } from '../../support/units.js'
import type { Holder, Links } from './holders.js'

/** A beginning of a path. */
export interface Root {
  /** `server.js`, the script's full name; null for the global object. */
  readonly script: string | null
  /** `UserStore`, `sessions`, `createCache() › hidden`. */
  readonly words: string
  /** How much worse than a module's variable this is as a beginning. */
  readonly penalty: number
  /** Whether it holds its object for good: a module's variable does, a closure goes with whoever holds the function. */
  readonly isLasting: boolean
}

/** What is known of an object besides its holders. */
export interface Knowledge {
  /** The object itself is a variable, a module's exports, the global object. */
  rootsOf(value: object): readonly Root[]
  /** The object is an instance of a class: a beginning for what its properties hold. */
  classRootOf(value: object): Root | null
}

/** The way to an object. */
export interface Route {
  /** `server.js › UserStore.byId` */
  readonly text: string
  readonly script: string | null
}

export const PENALTY = {
  moduleVariable: 0,
  exports: 1,
  global: 1,
  ownClass: 4,
  closureVariable: 5,
  packageClass: 25,
  nodeClass: 40,
} as const
const STEP_COST = 10
const DEPTH_MAX = 8
const VISITS_MAX = 2000
const KEY_LENGTH_MAX = 40

interface Place {
  readonly value: object
  readonly depth: number
  /** From this object down to the hoard. */
  readonly steps: string
}

/** The best way to `target`; null where none is known. */
export function routeTo(target: object, links: Links, knowledge: Knowledge): Route | null {
  let best: { readonly cost: number; readonly root: Root; readonly steps: string } | undefined
  const offer = (root: Root, depth: number, steps: string): void => {
    const cost = depth * STEP_COST + root.penalty
    if (best === undefined || cost < best.cost) best = { cost, root, steps }
  }
  const seen = new Set([target])
  const queue: Place[] = [{ value: target, depth: 0, steps: '' }]
  // The queue grows while it is walked.
  for (const [at, { value, depth, steps }] of queue.entries()) {
    if (at === VISITS_MAX) break
    for (const root of knowledge.rootsOf(value)) offer(root, depth, steps)
    if (depth === DEPTH_MAX || (best !== undefined && depth * STEP_COST > best.cost)) continue
    for (const holder of links.get(value) ?? []) {
      const further = stepOf(holder) + steps
      const classRoot = holder.via === 'property' ? knowledge.classRootOf(holder.owner) : null
      if (classRoot !== null) offer(classRoot, depth, further)
      if (seen.has(holder.owner)) continue
      seen.add(holder.owner)
      queue.push({ value: holder.owner, depth: depth + 1, steps: further })
    }
  }
  if (best === undefined) return null
  const { root, steps } = best
  const words = root.words + (root.words === '' && steps.startsWith('.') ? steps.slice(1) : steps)
  return { text: root.script === null ? words : `${shortName(root.script)} › ${words}`, script: root.script }
}

/** `.byId`, `["two words"]`, `[12]`, `.get("tenant-1")`. */
export function stepOf({ via, key }: Holder): string {
  if (via === 'member') return '.values()'
  if (via === 'element') return `[${String(key)}]`
  if (via === 'entry') return `.get(${keyText(key)})`
  if (typeof key === 'symbol') return `[${printable(key.description ?? 'symbol', KEY_LENGTH_MAX)}]`
  const name = String(key)
  return /^#?[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `.${printable(name, KEY_LENGTH_MAX)}`
    : `[${keyText(name)}]`
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(printable(key, KEY_LENGTH_MAX))
  return typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' ? String(key) : '…'
}

/** The file's name; with its package, where it lies in one. */
export function shortName(script: string): string {
  const path = script.replace(/^file:\/\//, '').replaceAll('\\', '/')
  if (path.startsWith('node:')) return path
  const file = path.slice(path.lastIndexOf('/') + 1)
  const dependency = packageOf(path)
  return printable(dependency === null ? file : `${dependency}/${file}`, 80)
}

/** The package under node_modules that a script belongs to; null for one of the service's own. */
export function packageOf(script: string): string | null {
  const parts = script.replaceAll('\\', '/').split('/')
  // The last part is a file, and never a package.
  const at = parts.lastIndexOf('node_modules', parts.length - 3)
  const [name = '', below] = parts.slice(at + 1, -1)
  if (at < 1 || name === '') return null
  return name.startsWith('@') && below !== undefined ? `${name}/${below}` : name
}
