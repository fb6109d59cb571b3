/**
 * Other views of the same amounts: callers first, and all calls of one function joined into one box.
 *
 * Rule: amounts stay what they are; a stack in which a function stands several times counts once for it, where it stands
 * outermost.
 */
import type { FlamegraphData } from '../types.js'

/** The graph that is shown. */
export interface View {
  /** Index of the name of which all calls are joined; null for all of the profile. */
  readonly focus: number | null
  /** From a function to who called it, not to what it called. */
  readonly isCallersFirst: boolean
}

/** Boxes that would be narrower than this share of the whole are left out of a view. */
const LEAST_SHARE = 1 / 20_000

/** The profile in another view; the same for the plain one. */
export function viewOf(data: FlamegraphData, view: View): FlamegraphData {
  if (view.focus === null && !view.isCallersFirst) return data
  const joined = new Joined()
  const own = ownAmounts(data)
  const outermost = view.focus === null ? null : outermostCalls(data, view.focus)
  const least = (data.width[0] ?? 0) * LEAST_SHARE
  for (let node = 1; node < data.name.length; node++) {
    if (view.isCallersFirst && outermost !== null) {
      // Whatever it called counts for the call.
      if (outermost[node] === node) joined.add(pathTo(data, node, 0), data.value[node] ?? 0, data.width[node] ?? 0)
      continue
    }
    const begin = outermost === null ? 0 : (outermost[node] ?? 0)
    const width = own.width[node] ?? 0
    if (width <= least || (outermost !== null && begin === 0)) continue
    const path = pathTo(data, node, outermost === null ? 0 : (data.parent[begin] ?? 0))
    joined.add(view.isCallersFirst ? path : path.reverse(), own.value[node] ?? 0, width)
  }
  return { ...data, ...joined.nodes() }
}

/** Of each node what it has beside its children, those that were too narrow included. */
function ownAmounts({ value, width, parent }: FlamegraphData): { readonly value: number[]; readonly width: number[] } {
  const own = { value: [...value], width: [...width] }
  for (let node = 1; node < parent.length; node++) {
    const above = parent[node] ?? 0
    own.value[above] = (own.value[above] ?? 0) - (value[node] ?? 0)
    own.width[above] = (own.width[above] ?? 0) - (width[node] ?? 0)
  }
  return own
}

/** Of each node the outermost call of the function in its stack; 0 where there is none. */
function outermostCalls({ name, parent }: FlamegraphData, focus: number): Uint32Array {
  const calls = new Uint32Array(name.length)
  for (let node = 1; node < name.length; node++) {
    const above = calls[parent[node] ?? 0] ?? 0
    calls[node] = above !== 0 ? above : name[node] === focus ? node : 0
  }
  return calls
}

/** Names from a node on outwards, up to a node that is not among them. */
function pathTo({ name, parent }: FlamegraphData, node: number, end: number): number[] {
  const path: number[] = []
  for (let at = node; at > 0 && at !== end; at = parent[at] ?? 0) path.push(name[at] ?? 0)
  return path
}

/** Stacks joined from their first name on. */
class Joined {
  readonly #name = [0]
  readonly #parent = [-1]
  readonly #value = [0]
  readonly #width = [0]
  readonly #self = [0]
  readonly #nodeOf = new Map<number, Map<number, number>>()

  add(path: readonly number[], value: number, width: number): void {
    let node = 0
    this.#count(node, value, width)
    for (const name of path) {
      node = this.#below(node, name)
      this.#count(node, value, width)
    }
    this.#self[node] = (this.#self[node] ?? 0) + value
  }

  nodes(): Pick<FlamegraphData, 'name' | 'parent' | 'value' | 'width' | 'self'> {
    return { name: this.#name, parent: this.#parent, value: this.#value, width: this.#width, self: this.#self }
  }

  #count(node: number, value: number, width: number): void {
    this.#value[node] = (this.#value[node] ?? 0) + value
    this.#width[node] = (this.#width[node] ?? 0) + width
  }

  #below(node: number, name: number): number {
    const children = this.#nodeOf.get(node) ?? new Map<number, number>()
    this.#nodeOf.set(node, children)
    const known = children.get(name)
    if (known !== undefined) return known
    const made = this.#name.push(name) - 1
    this.#parent.push(node)
    this.#value.push(0)
    this.#width.push(0)
    this.#self.push(0)
    children.set(name, made)
    return made
  }
}
