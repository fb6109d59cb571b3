/**
 * The cache libraries whose instances register themselves, and which of their exports make caches.
 *
 * Rule: a file is looked at by the package that it lies in, never by its content; what an instance is, its adapter decides.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * How an export makes caches: `class` by `new` and by a call; `function` returns one; `memoizer` returns a function whose cache only
 * another export of the same module reaches; `value` is one itself.
 */
type ExportKind = 'class' | 'function' | 'memoizer' | 'value'

/** An export that makes caches. */
export interface CacheExport {
  readonly kind: ExportKind
  /** The name of an instance. */
  readonly label: string
  /** Files of the package in which this is so. @default all */
  readonly files?: RegExp
  /** Of a memoizer: name of the export that clears. */
  readonly clear?: string
  /** Whether programs make one for each request: few are followed unless they prove to stay. */
  readonly isPerRequest?: boolean
}

/** Name of an export → what it makes. `default` is also what `module.exports` is itself. */
export type CacheExports = Readonly<Record<string, CacheExport>>

/** Each of these under its own name. */
function classes(...names: readonly string[]): CacheExports {
  return Object.fromEntries(names.map((name) => [name, { kind: 'class', label: name }]))
}

const LRU_MAPS = ['LRUCache', 'LRUCacheWithDelete', 'LRUMap', 'LRUMapWithDelete'] as const

/** Functions of one shape, by one author. */
function memoizer(label: string): CacheExports {
  return { default: { kind: 'memoizer', label, clear: `${label}Clear` } }
}

const memoize: CacheExport = { kind: 'function', label: 'memoize' }
const lodash: CacheExports = { memoize, default: { ...memoize, files: /\/memoize\.js$/ } }

/** Name of the package → its exports that make caches. */
export const LIBRARIES: Readonly<Record<string, CacheExports>> = {
  'lru-cache': { ...classes('LRUCache'), default: { kind: 'class', label: 'LRUCache' } },
  'quick-lru': { default: { kind: 'class', label: 'QuickLRU' } },
  'tiny-lru': { ...classes('LRU'), lru: { kind: 'function', label: 'lru' } },
  '@isaacs/ttlcache': { ...classes('TTLCache'), default: { kind: 'class', label: 'TTLCache' } },
  flru: { default: { kind: 'function', label: 'flru' } },
  mnemonist: {
    ...classes(...LRU_MAPS),
    default: { kind: 'class', label: 'LRUCache', files: /\/lru-[a-z-]+\.m?js$/ },
  },
  'node-cache': { default: { kind: 'class', label: 'NodeCache' } },
  keyv: { ...classes('Keyv'), default: { kind: 'class', label: 'Keyv' } },
  '@keyvhq/core': { default: { kind: 'class', label: 'Keyv' } },
  cacheable: classes('Cacheable', 'CacheableMemory'),
  '@cacheable/memory': classes('CacheableMemory'),
  'cache-manager': { createCache: { kind: 'function', label: 'createCache' } },
  dataloader: { default: { kind: 'class', label: 'DataLoader', isPerRequest: true } },
  'lodash.memoize': { default: memoize },
  lodash,
  'lodash-es': lodash,
  'p-memoize': memoizer('pMemoize'),
  memoize: memoizer('memoize'),
  mem: memoizer('mem'),
  memoizee: { default: { kind: 'function', label: 'memoizee', files: /\/(?:index|weak)\.js$/ } },
  'micro-memoize': { memoize, default: memoize },
  // Each of its functions, also of `moize.maxAge()` and its like, is one of micro-memoize.
  moize: {},
  '@apollo/utils.keyvaluecache': classes('InMemoryLRUCache'),
  'better-sqlite3': { default: { kind: 'class', label: 'Database' } },
  sharp: { default: { kind: 'value', label: 'operations' } },
  next: { LRUCache: { kind: 'class', label: 'LRUCache', files: /\/dist\/server\/lib\/lru-cache\.js$/ } },
  lru_map: classes('LRUMap'),
  '@hapi/catbox-memory': classes('Engine'),
  'memory-cache': { ...classes('Cache'), default: { kind: 'value', label: 'shared cache' } },
  'abstract-cache': { default: { kind: 'function', label: 'abstractCache', files: /\/index\.js$/ } },
  unstorage: { createStorage: { kind: 'function', label: 'createStorage' } },
}

/** Of these only the files with such exports are code of a cache; others make caches as an application does. */
const FRAMEWORKS: ReadonlySet<string> = new Set(['next'])

/** Libraries whose caches are built on those of others. */
export const COMPOSITES: ReadonlySet<string> = new Set([
  'keyv',
  '@keyvhq/core',
  'cacheable',
  'cache-manager',
  '@apollo/utils.keyvaluecache',
])

/** Caches of another library that these make lie in what they make, out of sight: a driver of unstorage, a client of abstract-cache. */
const HIDERS: ReadonlySet<string> = new Set(['unstorage', 'abstract-cache'])

/** The facts of a package.json. */
interface PackageFacts {
  readonly name: string | null
  /** Cache libraries that it asks for. */
  readonly uses: readonly string[]
}

/** Path of the folder of a package → its facts. */
const packages = new Map<string, PackageFacts>()

/** The cache library that a file belongs to; null of any other. An alias (`npm:lru-cache@7`) is seen through. */
export function libraryOf(file: string): string | null {
  const folder = packageFolder(file)
  if (folder === null) return null
  const { name } = factsOf(folder)
  return name !== null && Object.hasOwn(LIBRARIES, name) ? name : null
}

/** The cache libraries on which the package of a file says that it depends: their caches may lie inside of its own. */
export function packagesUsedBy(file: string): readonly string[] {
  const folder = packageFolder(file)
  return folder === null ? [] : factsOf(folder).uses
}

/** Those of the library's exports that make caches in this file. */
export function exportsOf(library: string, file: string): [string, CacheExport][] {
  return Object.entries(LIBRARIES[library] ?? {}).filter(([, { files }]) => files?.test(posix(file)) !== false)
}

/**
 * Whether a file is code of a cache, and no place that makes one: of a framework only the files with such exports are.
 */
export function isCacheCode(file: string): boolean {
  const library = libraryOf(file)
  if (library === null) return false
  return !FRAMEWORKS.has(library) || exportsOf(library, file).length > 0
}

/** The library of this file that hides what it makes of others; null of any other file. */
export function hiderOf(file: string): string | null {
  const library = libraryOf(file)
  return library !== null && HIDERS.has(library) ? library : null
}

/** `/app/node_modules/@scope/name` of a file below it; null of a file that lies in no installed package. */
export function packageFolder(file: string): string | null {
  const match = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(file)
  return match === null ? null : match[0]
}

function factsOf(folder: string): PackageFacts {
  let facts = packages.get(folder)
  if (facts === undefined) packages.set(folder, (facts = readFacts(folder)))
  return facts
}

const DEPENDENCIES = ['dependencies', 'peerDependencies', 'optionalDependencies'] as const

function readFacts(folder: string): PackageFacts {
  try {
    const description = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
    const { name } = description
    const uses = DEPENDENCIES.flatMap((kind) => Object.keys(description[kind] ?? {}))
    return {
      name: typeof name === 'string' ? name : null,
      uses: uses.filter((used) => used !== name && Object.hasOwn(LIBRARIES, used)),
    }
  } catch {
    return { name: null, uses: [] }
  }
}

function posix(file: string): string {
  return file.replaceAll('\\', '/')
}
