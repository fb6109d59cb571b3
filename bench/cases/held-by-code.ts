/** Leaks that functions hold: variables, private and static fields, bound arguments, classes. */
import { type Leak, payload, times } from './leak.js'

const COUNT = 16_000

const queue = createQueue()

function createQueue(): { push(item: number[]): void } {
  const backlog: number[][] = []
  return {
    push: (item) => {
      backlog.push(item)
    },
  }
}

const counter = (() => {
  let last: unknown = null
  return {
    chain(value: number): void {
      last = { value: payload(value, 20), previous: last }
    },
    read: () => last,
  }
})()

class Registry {
  static readonly #everything: number[][] = []
  static readonly byName = new Map<string, number[]>()
  readonly #entries = new Map<number, number[]>()

  static keep(item: number[]): void {
    Registry.#everything.push(item)
  }

  put(key: number, item: number[]): void {
    this.#entries.set(key, item)
  }

  get size(): number {
    return this.#entries.size + Registry.#everything.length
  }
}

const registry = new Registry()

function slow(input: number): number[] {
  const known = slow.results.get(input)
  if (known !== undefined) return known
  const result = payload(input)
  slow.results.set(input, result)
  return result
}
slow.results = new Map<number, number[]>()

const handlers: (() => unknown)[] = []

function handle(this: unknown, body: number[], id: number): unknown {
  return [this, body, id]
}

const modelCache: unknown[] = []

function defineModel(index: number): void {
  const columns = payload(index, 60)
  modelCache.push(
    class Model {
      static readonly columns = columns
      get width(): number {
        return columns.length
      }
    },
  )
}

const compiled: unknown[] = []
/** Text from outside, as a rule engine has it. */
const Rule = Function

let wrapped: () => unknown = () => 0

function wrap(inner: () => unknown, index: number): () => unknown {
  const trace = payload(index, 50)
  return function traced() {
    return [inner, trace]
  }
}

const settings = {}

export const leaks: readonly Leak[] = [
  {
    name: 'a variable of a function',
    says: /^held-by-code\.js › createQueue\(\) › backlog: Array\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => {
        queue.push(payload(index))
      })
    },
  },
  {
    name: 'a list in a closure',
    says: /^held-by-code\.js › .*\blast\b/,
    plant: () => {
      times(40_000, (index) => {
        counter.chain(index)
      })
    },
  },
  {
    name: 'a private field',
    says: /^held-by-code\.js › registry: Registry\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => {
        registry.put(index, payload(index))
      })
    },
  },
  {
    name: 'a static private field',
    says: /^held-by-code\.js › Registry\.#everything: Array\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => {
        Registry.keep(payload(index))
      })
    },
  },
  {
    name: 'a static field',
    says: /^held-by-code\.js › Registry\.byName: Map\(16,000\)$/,
    plant: () => {
      times(COUNT, (index) => Registry.byName.set(`name ${String(index)}`, payload(index)))
    },
  },
  {
    name: 'a property of a function',
    says: /^held-by-code\.js › slow\.results: Map\(16,000\)$/,
    plant: () => {
      times(COUNT, slow)
    },
  },
  {
    name: 'bound arguments',
    says: /^held-by-code\.js › handlers: Array\(16,000\)/,
    plant: () => {
      times(COUNT, (index) => {
        handlers.push(handle.bind({ index }, payload(index), index))
      })
    },
  },
  {
    name: 'a class for each call',
    says: /^held-by-code\.js › modelCache: Array\(8,000\), ×8,000 Model\(\) from held-by-code\.js:\d+$/,
    plant: () => {
      times(8000, defineModel)
    },
  },
  {
    name: 'functions that are compiled from text',
    says: /^held-by-code\.js › compiled: Array\(4,000\)/,
    plant: () => {
      times(4000, (index) => {
        const conditions = Array.from(
          { length: 40 },
          (_, part) => `if (row.total === ${String(index * 40 + part)}) return null`,
        )
        const rule = new Rule('row', conditions.join('\n'))
        compiled.push(rule)
        ;(rule as (row: object) => unknown)({ total: index })
      })
    },
  },
  {
    name: 'functions that wrap one another',
    says: /^held-by-code\.js › wrapped: .*×23,999 traced\(\) from held-by-code\.js:\d+$/,
    plant: () => {
      times(24_000, (index) => {
        wrapped = wrap(wrapped, index)
      })
      return () => wrapped
    },
  },
  {
    name: 'what a getter closes over',
    says: /^held-by-code\.js › .*\b(?:hidden|settings)\b/,
    plant: () => {
      const hidden = Array.from({ length: COUNT }, (_, index) => payload(index))
      Object.defineProperty(settings, 'table', { get: () => hidden.length, enumerable: true })
    },
  },
  {
    name: 'a property of the global object',
    says: /^sessionTable: Array\(16,000\)$/,
    plant: () => {
      const table = Array.from({ length: COUNT }, (_, index) => payload(index))
      Object.assign(globalThis, { sessionTable: table })
    },
  },
  {
    name: 'a symbol of the global object',
    says: /^Symbol\(held-by-code\.pool\): Array\(16,000\)$/,
    plant: () => {
      const pool = Array.from({ length: COUNT }, (_, index) => payload(index))
      Object.assign(globalThis, { [Symbol.for('held-by-code.pool')]: pool })
    },
  },
]
