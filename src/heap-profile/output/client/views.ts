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
      if (outermost[node] === node) joined.add(pathTo(data, node, 0), amountOf(data, node))
      continue
    }
    const begin = outermost === null ? 0 : (outermost[node] ?? 0)
    const amount = amountOf(own, node)
    if (amount.width <= least || (outermost !== null && begin === 0)) continue
    const path = pathTo(data, node, outermost === null ? 0 : (data.parent[begin] ?? 0))
    joined.add(view.isCallersFirst ? path : path.reverse(), amount)
  }
  return { ...data, ...joined.nodes(data.variance !== null) }
}

/** The sums of a node. */
interface Amount {
  readonly value: number
  readonly width: number
  readonly variance: number
}

type AmountColumns = Pick<FlamegraphData, 'value' | 'width' | 'variance'>

function amountOf({ value, width, variance }: AmountColumns, node: number): Amount {
  return { value: value[node] ?? 0, width: width[node] ?? 0, variance: variance?.[node] ?? 0 }
}

/** The amounts of each node beside its children, those that were too narrow included. */
function ownAmounts(data: FlamegraphData): AmountColumns {
  const { value, width, variance, parent } = data
  const besideChildren = (amounts: readonly number[]): number[] => {
    const own = [...amounts]
    for (let node = 1; node < parent.length; node++) {
      const above = parent[node] ?? 0
      own[above] = (own[above] ?? 0) - (amounts[node] ?? 0)
    }
    return own
  }
  // Rounded apart, the parts of a variance may be more than the whole.
  const variances = variance === null ? null : besideChildren(variance).map((own) => Math.max(0, own))
  return { value: besideChildren(value), width: besideChildren(width), variance: variances }
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
  readonly #variance = [0]
  readonly #nodeOf = new Map<number, Map<number, number>>()

  add(path: readonly number[], amount: Amount): void {
    let node = 0
    this.#count(node, amount)
    for (const name of path) {
      node = this.#below(node, name)
      this.#count(node, amount)
    }
    this.#self[node] = (this.#self[node] ?? 0) + amount.value
  }

  nodes(hasVariance: boolean): Pick<FlamegraphData, 'name' | 'parent' | 'value' | 'width' | 'self' | 'variance'> {
    const [name, parent, value, width, self] = [this.#name, this.#parent, this.#value, this.#width, this.#self]
    return { name, parent, value, width, self, variance: hasVariance ? this.#variance : null }
  }

  #count(node: number, { value, width, variance }: Amount): void {
    this.#value[node] = (this.#value[node] ?? 0) + value
    this.#width[node] = (this.#width[node] ?? 0) + width
    this.#variance[node] = (this.#variance[node] ?? 0) + variance
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
    this.#variance.push(0)
    children.set(name, made)
    return made
  }
}
