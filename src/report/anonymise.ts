/**
 * A report without the names of who made it: caches, scripts, paths, packages of others, hosts. Pure.
 *
 * Rule: the same name becomes the same word everywhere in the report, in texts too, and figures stay as they are. What is not known
 * to say nothing of the program is replaced, so that a member of a later version cannot tell more.
 */

/** Members whose text is one of this library, of Node or of V8: kept as it is. */
const KEPT: ReadonlySet<string> = new Set([
  ...['id', 'trigger', 'mode', 'gc', 'startedAt', 'takenAt', 'nodeVersion', 'version', 'statistic', 'binding'],
  ...[
    'status',
    'window',
    'basis',
    'code',
    'kind',
    'of',
    'verdict',
    'at',
    'earliest',
    'latest',
    'from',
    'to',
    'limitSource',
  ],
  ...['method'],
])
/** Classes of the language and of Node say nothing. */
const KNOWN_CLASS =
  /^(?:\(.*\)|system \/ .*|Array|Map|Set|WeakMap|WeakSet|Object|Function|Promise|Buffer|ArrayBuffer|SharedArrayBuffer|\w{1,9}Array|Date|RegExp|Error|String|Symbol|BigInt|Timeout|Immediate|EventEmitter|Socket|Server|IncomingMessage|ServerResponse|Context|LRUCache)$/
/** Names of the parts of a breakdown that do not depend on the program. */
const KNOWN_PART =
  /^(?:process|V8 heap|live|allocated since|live or garbage|free|to be swept|page pool|outside the spaces|machine code outside the spaces|WebAssembly memory|resizable buffers|allocator|in no cache|thread caches|fragmentation|dirty pages|muzzy pages|metadata|unexplained|thread stacks|binary and libraries|mapped files|shared memory|other anonymous|live and free|main thread|jemalloc|glibc|unavailable|[a-z_]+_space|\d+ others|other threads' heaps, not told apart)$/
const CACHE_PART = /^cache ([^]*)$/
const PATH = /(?<![\w.])(?:file:\/\/)?(?:\/|[A-Za-z]:\\)[^\s"',;:()]+/g

/**
 * The same report with every name replaced: `cache 1`, `path 2`, `package 3`.
 *
 * @example
 * await writeFile('report.json', JSON.stringify(anonymise(report)))
 */
export function anonymise<Value>(report: Value): Value {
  const words = new Words()
  // The name of a cache is one everywhere, whatever else is called so.
  words.collect((report as { readonly caches?: unknown } | null)?.caches, 'caches')
  words.collect(report, '')
  return words.replace(report, '') as Value
}

type Group = 'cache' | 'path' | 'package' | 'class' | 'name' | 'function'

/** Which kind of name a member holds. */
const GROUPS: Readonly<Record<string, Group>> = {
  cache: 'cache',
  script: 'path',
  path: 'path',
  package: 'package',
  className: 'class',
  function: 'function',
}

class Words {
  readonly #words = new Map<string, string>()
  readonly #counts = new Map<Group, number>()
  /** Names as they stand in texts, the longest first. */
  #pattern: RegExp | null | undefined

  /** Gives each name its word, in the order of the report. */
  collect(value: unknown, member: string): void {
    if (typeof value === 'string') {
      const name = this.#nameIn(value, member)
      if (name !== null) this.#give(name.text, name.group)
    } else if (Array.isArray(value)) {
      for (const each of value) this.collect(each, member)
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) this.collect(each, key === 'name' ? `${member}.name` : key)
    }
  }

  replace(value: unknown, member: string): unknown {
    if (typeof value === 'string') return this.#textOf(value, member)
    if (Array.isArray(value)) return value.map((each) => this.replace(each, member))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, this.replace(each, key === 'name' ? `${member}.name` : key)]),
    )
  }

  #textOf(text: string, member: string): string {
    if (KEPT.has(member)) return text
    const name = this.#nameIn(text, member)
    if (name !== null) return `${name.before}${this.#give(name.text, name.group)}`
    return isName(member) ? text : this.#inText(text)
  }

  /** Of a member that is a name: the part of it that tells something; null where none does, and of texts. */
  #nameIn(
    text: string,
    member: string,
  ): { readonly before: string; readonly text: string; readonly group: Group } | null {
    if (member === 'allocator.name') return null
    if (member.endsWith('.name')) {
      const cached = CACHE_PART.exec(text)?.[1]
      const inTree = member === 'children.name' || member === 'breakdown.name'
      if (inTree && cached !== undefined) return { before: 'cache ', text: cached, group: 'cache' }
      if (inTree && KNOWN_PART.test(text)) return null
      return { before: '', text, group: inTree ? 'path' : member === 'caches.name' ? 'cache' : 'name' }
    }
    const group = Object.hasOwn(GROUPS, member) ? GROUPS[member] : undefined
    if (group === undefined || isOfNode(text, group)) return null
    return { before: '', text, group }
  }

  #give(name: string, group: Group): string {
    const known = this.#words.get(name)
    if (known !== undefined) return known
    const count = (this.#counts.get(group) ?? 0) + 1
    this.#counts.set(group, count)
    const word = `${group} ${String(count)}`
    this.#words.set(name, word)
    return word
  }

  /** In a message names stand among words: those that are known are replaced, and whatever looks like a path. */
  #inText(text: string): string {
    this.#pattern ??= patternOf([...this.#words.keys()])
    const known =
      this.#pattern === null ? text : text.replace(this.#pattern, (name) => this.#words.get(unquoted(name)) ?? name)
    return known.replace(PATH, (path) => this.#give(path, 'path'))
  }
}

function isName(member: string): boolean {
  return member.endsWith('.name') || Object.hasOwn(GROUPS, member)
}

function isOfNode(text: string, group: Group): boolean {
  if (group === 'class') return KNOWN_CLASS.test(text)
  if (group === 'package') return text === 'node'
  return group === 'path' && text.startsWith('node:')
}

/** Names of one letter would be found in every word. */
function patternOf(names: readonly string[]): RegExp | null {
  const found = names.filter((name) => name !== '').flatMap((name) => [name, JSON.stringify(name).slice(1, -1)])
  if (found.length === 0) return null
  const sorted = [...new Set(found)].toSorted((a, b) => b.length - a.length)
  const escaped = sorted.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'gu')
}

/** As a message quotes it, back to what it is. */
function unquoted(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return text
  }
}
