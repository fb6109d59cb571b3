/** Leaks in data: collections of all kinds, lists, trees, and what they are reached by. */
import { type Leak, payload, times } from './leak.js'

const COUNT = 16_000

const kEntries = Symbol('entries')
const store = { [kEntries]: new Map<number, number[]>() }

const byUrl: Record<string, number[]> = {}
const sparse: unknown[] = []
const matrix: number[][] = []
const shards = new Map<string, Map<number, number[]>>()
const frozen = { deep: { tree: { of: { settings: [] as number[][] } } } }

interface Entry {
  readonly key: string
  readonly value: number[]
  newer: Entry | null
  older: Entry | null
}

/** A Map and a list of its entries, as most caches of this kind have. */
class RecentlyUsed {
  readonly table = new Map<string, Entry>()
  newest: Entry | null = null
  oldest: Entry | null = null

  set(key: string, value: number[]): void {
    const entry: Entry = { key, value, newer: null, older: this.newest }
    if (this.newest !== null) this.newest.newer = entry
    this.newest = entry
    this.oldest ??= entry
    this.table.set(key, entry)
  }
}

const recent = new RecentlyUsed()

/** Nodes that know their parent, both neighbours and their document. */
class TreeNode {
  readonly attributes: number[]
  parent: TreeNode | null = null
  firstChild: TreeNode | null = null
  lastChild: TreeNode | null = null
  previous: TreeNode | null = null
  next: TreeNode | null = null
  constructor(
    readonly document: TreeDocument,
    seed: number,
  ) {
    this.attributes = payload(seed, 10)
  }

  append(child: TreeNode): void {
    child.parent = this
    child.previous = this.lastChild
    if (this.lastChild === null) this.firstChild = child
    else this.lastChild.next = child
    this.lastChild = child
  }
}

class TreeDocument {
  readonly root = new TreeNode(this, 0)
}

let current: TreeDocument | null = null

const subjects = Array.from({ length: COUNT }, (_, index) => ({ index }))
const metadata = new WeakMap<object, number[]>()
const tenant = { id: 7 }
const details = new WeakMap<object, number[][]>()

const target = { rows: [] as number[][] }
const observed = new Proxy(target, {
  get: (of, key): unknown => Reflect.get(of, key),
})

const graphNodes: { readonly id: number; readonly data: number[]; edges: unknown[] }[] = []

class Pair {
  constructor(
    readonly left: unknown,
    readonly right: number[],
  ) {}
}
let tree: Pair | null = null

const grid: Record<string, Record<string, number[]>> = {}
const cursors: Iterator<unknown>[] = []
const failures: Error[] = []
let stackLines = 0
const queues: Map<number, number[]>[] = []
const bigs: bigint[] = []
const dates: Date[] = []
const patterns = new Map<string, RegExp>()
const cleanups = new FinalizationRegistry<number[]>(() => undefined)
const living: object[] = []

export const leaks: readonly Leak[] = [
  {
    name: 'a property by a symbol',
    says: /^collections\.js › store(?:\.|\[)Symbol\(entries\)\]?: Map\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => store[kEntries].set(index, payload(index)))
    },
  },
  {
    name: 'an object as a dictionary',
    says: /^collections\.js › byUrl: Object$/,
    plant: () => {
      times(COUNT, (index) => (byUrl[`https://example.org/${String(index)}?q=${String(index * 7)}`] = payload(index)))
    },
  },
  {
    name: 'a sparse array',
    says: /^collections\.js › sparse: Array/,
    plant: () => {
      times(COUNT, (index) => (sparse[index * 1_000_003] = payload(index)))
    },
  },
  {
    name: 'an array of arrays',
    says: /^collections\.js › matrix: Array\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => matrix.push(payload(index)))
    },
  },
  {
    name: 'Maps in a Map',
    says: /^collections\.js › shards: Map\(16\)$/,
    plant: () => {
      times(COUNT, (index) => {
        const name = `shard ${String(index % 16)}`
        const shard = shards.get(name) ?? new Map<number, number[]>()
        shards.set(name, shard)
        shard.set(index, payload(index))
      })
    },
  },
  {
    name: 'a deep property',
    says: /^collections\.js › frozen\.deep\.tree\.of\.settings: Array\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => frozen.deep.tree.of.settings.push(payload(index)))
    },
  },
  {
    name: 'a cache of a Map and a list',
    says: /^collections\.js › recent: RecentlyUsed$/,
    plant: () => {
      times(COUNT, (index) => {
        recent.set(`key ${String(index)}`, payload(index))
      })
    },
  },
  {
    name: 'a document of nodes that know one another',
    says: /^collections\.js › current(?:\.root)?: Tree(?:Document|Node)$/,
    plant: () => {
      const made = new TreeDocument()
      let parents = [made.root]
      for (let depth = 0, seed = 0; depth < 8; depth++) {
        parents = parents.flatMap((parent) =>
          Array.from({ length: 4 }, () => {
            const child = new TreeNode(made, seed++)
            parent.append(child)
            return child
          }),
        )
      }
      current = made
      return () => current
    },
  },
  {
    name: 'values of a WeakMap, a small one for each key',
    says: /^collections\.js › subjects: Array\(16,000\)$/,
    plant: () => {
      for (const subject of subjects) metadata.set(subject, payload(subject.index))
    },
  },
  {
    name: 'a large value of a WeakMap',
    says: /^collections\.js › tenant\b/,
    plant: () => {
      const rows = Array.from({ length: COUNT }, (_, index) => payload(index))
      details.set(tenant, rows)
    },
  },
  {
    name: 'the target of a Proxy',
    says: /^collections\.js › (?:target|observed)\.rows: Array\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => observed.rows.push(payload(index)))
    },
  },
  {
    name: 'a graph with cycles',
    says: /^collections\.js › graphNodes: Array\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => graphNodes.push({ id: index, data: payload(index, 60), edges: [] }))
      for (const node of graphNodes) {
        for (const step of [1, 7, 1009]) node.edges.push(graphNodes[(node.id + step) % COUNT])
      }
    },
  },
  {
    name: 'a tree with one long branch',
    says: /^collections\.js › tree: Pair$/,
    plant: () => {
      times(60_000, (index) => (tree = new Pair(tree, payload(index, 10))))
      return () => tree
    },
  },
  {
    name: 'objects in an object',
    says: /^collections\.js › grid: Object$/,
    plant: () => {
      times(COUNT, (index) => {
        const row = (grid[`row ${String(index % 50)}`] ??= {})
        row[`column ${String(index)}`] = payload(index)
      })
    },
  },
  {
    name: 'iterators that nobody ends',
    says: /^collections\.js › cursors: Array\(1,600\)/,
    plant: () => {
      times(1600, (index) => {
        const rows = new Map(Array.from({ length: 20 }, (_, row) => [row, payload(index * 20 + row, 40)]))
        const cursor = rows.values()
        cursor.next()
        cursors.push(cursor)
      })
    },
  },
  {
    name: 'errors with their stacks',
    says: /^collections\.js › failures: Array\(12,000\)$/,
    plant: () => {
      times(12_000, (index) => {
        const failure = new Error(`request ${String(index)} failed`, { cause: payload(index) })
        stackLines += failure.stack?.length ?? 0
        failures.push(failure)
      })
    },
  },
  {
    name: 'Maps in an array',
    says: /^collections\.js › queues: Array\(1,600\)/,
    plant: () => {
      times(1600, (index) =>
        queues.push(new Map(Array.from({ length: 10 }, (_, row) => [row, payload(index * 10 + row)]))),
      )
    },
  },
  {
    name: 'large integers',
    says: /^collections\.js › bigs: Array\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => bigs.push(BigInt(index + 3) ** 700n))
    },
  },
  {
    name: 'dates',
    says: /^collections\.js › dates: Array\(120,000\)$/,
    plant: () => {
      times(120_000, (index) => dates.push(new Date(index * 1e6 + 0.5)))
    },
  },
  {
    name: 'regular expressions',
    says: /^collections\.js › patterns: Map\(6,000\)$/,
    plant: () => {
      times(6000, (index) => {
        const pattern = new RegExp(`^/users/${String(index)}/(?:posts|pages)/[a-z]{${String(index % 9)},}$`)
        pattern.test(`/users/${String(index)}/posts/x`)
        patterns.set(pattern.source, pattern)
      })
    },
  },
  {
    name: 'values held for finalizers',
    says: /^collections\.js › cleanups: FinalizationRegistry$/,
    plant: () => {
      times(COUNT, (index) => {
        const object = { index }
        living.push(object)
        cleanups.register(object, payload(index))
      })
    },
  },
]
