/**
 * Mappings by what they are: V8's, the allocator's, stacks, files. Pure.
 *
 * Rule: told apart by what the kernel knows of a range, and not by figures: V8 keeps its mappings from forks, allocators
 * reserve no swap for theirs, a stack stands on a guard page or holds a thread's stack pointer. Each mapping is of one kind,
 * so that the kinds add up to RSS.
 */
import type { AllocatorName } from '../allocator/port.js'
import type { MappedBytes, NamedBytes } from '../report/breakdown/types.js'
import type { MemoryMapping } from './smaps.js'

/** Facts that the mappings do not tell. */
export interface MappingContext {
  readonly allocator: AllocatorName
  /** Stack pointers of threads, sorted. */
  readonly stackPointers: readonly number[]
  /** Size of a thread's stack where nobody asks for another, in bytes; null where unknown. */
  readonly defaultStackBytes: number | null
  /** Threads that Node named as workers; null where it names none. */
  readonly workerThreads: number | null
  readonly threads: number | null
  /** Whether V8 keeps its heap in one reserved range (pointer compression): WebAssembly is not told apart then. */
  readonly isHeapCaged: boolean
  /** The word at an address, 0 where it cannot be read. */
  readonly wordAt: (address: number) => bigint
}

const KIB = 1024
const MIB = 1024 * KIB
const PAGE = 4096n
/** Every arena of glibc but the first lies in heaps that start at multiples of this. */
const GLIBC_HEAP_BYTES = 64 * MIB
/** Data of a library that the file has no bytes for lies right behind it. */
const BSS_BYTES_MAX = 8 * MIB
/** WebAssembly's memories have so much address space behind them, that no access can leave it. */
const WASM_GUARD_BYTES = 2 * 1024 * MIB
const GUARD_BYTES_MAX = 64 * KIB
const STACK_BYTES_LEAST = 256 * KIB

type Kind = 'v8' | 'wasm' | 'arena' | 'block' | 'stack' | 'binary' | 'file' | 'shared' | 'other'

/** The resident bytes of each kind. */
export function classify(mappings: readonly MemoryMapping[], surroundings: MappingContext): MappedBytes {
  const classifier = new MappingClassifier(mappings, surroundings)
  const rss = { v8: 0, wasm: 0, arena: 0, block: 0, stack: 0, other: 0 }
  const named = {
    binary: new Map<string, number>(),
    file: new Map<string, number>(),
    shared: new Map<string, number>(),
  }
  let [swap, blocksVirtual, workerStacks, v8Code] = [0, 0, 0, 0]
  for (const [index, mapping] of mappings.entries()) {
    const kind = classifier.kindOf(index)
    swap += mapping.swapBytes
    if (kind === 'binary' || kind === 'file' || kind === 'shared') {
      const name = classifier.nameOf(index)
      named[kind].set(name, (named[kind].get(name) ?? 0) + mapping.rssBytes)
      continue
    }
    rss[kind] += mapping.rssBytes
    if (kind === 'v8' && mapping.perms[2] === 'x') v8Code += mapping.rssBytes
    if (kind === 'block') blocksVirtual += mapping.end - mapping.start
    if (kind === 'stack' && classifier.isWorkerStack(mapping)) workerStacks++
  }
  return {
    v8: rss.v8,
    v8Code,
    wasm: rss.wasm,
    arenas: rss.arena,
    blocks: rss.block,
    blocksVirtual,
    stacks: rss.stack,
    binary: listed(named.binary),
    files: listed(named.file),
    shared: listed(named.shared),
    other: rss.other,
    swap,
    workers: Math.max(workerStacks, surroundings.workerThreads ?? 0),
    threads: surroundings.threads,
    coarse: classifier.hasMarks
      ? null
      : 'this kernel shows no flags of mappings, or this build of V8 does not mark its own',
  }
}

function listed(bytesByName: ReadonlyMap<string, number>): NamedBytes[] {
  return [...bytesByName].map(([name, bytes]) => ({ name, bytes }))
}

class MappingClassifier {
  /** Whether V8's mappings can be told by their flags. */
  readonly hasMarks: boolean
  readonly #mappings: readonly MemoryMapping[]
  readonly #around: MappingContext
  readonly #executables: ReadonlySet<string>
  readonly #hasUnreserved: boolean

  constructor(mappings: readonly MemoryMapping[], around: MappingContext) {
    this.#mappings = mappings
    this.#around = around
    this.#executables = new Set(
      mappings.filter(({ perms, inode }) => inode !== 0 && perms[2] === 'x').map(({ path }) => path),
    )
    this.hasMarks = mappings.some((mapping) => isPrivateAnonymous(mapping) && mapping.flags?.isKeptFromForks === true)
    // Where the kernel never overcommits, it drops the flag.
    this.#hasUnreserved = mappings.some(({ flags }) => flags?.isUnreserved === true && !flags.isKeptFromForks)
  }

  kindOf(index: number): Kind {
    const mapping = this.#mappings[index]
    if (mapping === undefined) return 'other'
    if (!isPrivateAnonymous(mapping)) return this.#kindOfFile(mapping)
    if (mapping.path !== '') return kindByName(mapping.path)
    if (mapping.flags?.isKeptFromForks === true) return this.#isWasm(index) ? 'wasm' : 'v8'
    if (this.#isStack(index)) return 'stack'
    if (this.#libraryBefore(index) !== null) return 'binary'
    return this.#kindOfAnonymous(index, mapping)
  }

  /** The file of a mapping, or the library whose data it is. */
  nameOf(index: number): string {
    const { path = '', inode = 0 } = this.#mappings[index] ?? {}
    if (inode === 0 && path === '') return this.#libraryBefore(index) ?? 'anonymous'
    return path === '' ? 'unnamed' : path
  }

  isWorkerStack({ start, end }: MemoryMapping): boolean {
    const bytes = end - start
    const usual = this.#around.defaultStackBytes
    return usual !== null && bytes >= STACK_BYTES_LEAST && Math.abs(bytes - usual) > GUARD_BYTES_MAX
  }

  #kindOfFile({ path, perms, inode }: MemoryMapping): Kind {
    if (/^(?:\/dev\/shm\/|\/memfd:|\/SYSV|\/dev\/zero|\[anon_shmem)/.test(path)) return 'shared'
    if (inode === 0) return perms[3] === 's' ? 'shared' : 'other'
    return this.#executables.has(path) ? 'binary' : 'file'
  }

  #isWasm(index: number): boolean {
    const [mapping, next] = [this.#mappings[index], this.#mappings[index + 1]]
    if (mapping === undefined || next === undefined || this.#around.isHeapCaged) return false
    return (
      mapping.perms.startsWith('rw-') &&
      next.start === mapping.end &&
      next.perms === '---p' &&
      next.flags?.isKeptFromForks === true &&
      next.end - next.start >= WASM_GUARD_BYTES
    )
  }

  #isStack(index: number): boolean {
    const [below, mapping] = [this.#mappings[index - 1], this.#mappings[index]]
    if (mapping === undefined || !mapping.perms.startsWith('rw') || mapping.flags?.isUnreserved === true) return false
    if (mapping.flags?.isWithoutHugePages === true) return true
    const isOnGuard =
      below?.end === mapping.start && below.perms === '---p' && below.end - below.start <= GUARD_BYTES_MAX
    const holdsPointer = this.#around.stackPointers.some((at) => at >= mapping.start && at < mapping.end)
    // On kernels that do not mark stacks, one may have grown together with a block of glibc's that lies right above it.
    const { defaultStackBytes, allocator } = this.#around
    const isGrown = allocator === 'glibc' && mapping.end - mapping.start > (defaultStackBytes ?? Infinity)
    return (isOnGuard || holdsPointer) && !isGrown
  }

  /** The path of the binary or library that ends where this mapping starts. */
  #libraryBefore(index: number): string | null {
    const [before, mapping] = [this.#mappings[index - 1], this.#mappings[index]]
    if (before?.end !== mapping?.start || before === undefined || mapping === undefined) return null
    const isData = mapping.perms.startsWith('rw') && mapping.end - mapping.start <= BSS_BYTES_MAX
    return isData && before.inode !== 0 && this.#executables.has(before.path) ? before.path : null
  }

  #kindOfAnonymous(index: number, mapping: MemoryMapping): Kind {
    const { allocator, wordAt } = this.#around
    const isUnreserved = mapping.flags?.isUnreserved === true
    if (allocator === 'jemalloc') return isUnreserved || !this.#hasUnreserved ? 'arena' : 'other'
    if (allocator === 'unavailable') return isUnreserved ? 'arena' : 'block'
    if ((isUnreserved || !this.#hasUnreserved) && this.#isInGlibcHeap(index)) return 'arena'
    return isBlock(mapping, wordAt) ? 'block' : 'other'
  }

  /** A heap that has grown may be several mappings without a gap: the kernel does not always make them one. */
  #isInGlibcHeap(index: number): boolean {
    const mapping = this.#mappings[index]
    if (mapping === undefined) return false
    const heap = mapping.start - (mapping.start % GLIBC_HEAP_BYTES)
    let [at, start] = [index, mapping.start]
    while (start > heap) {
      const before = this.#mappings[--at]
      if (before?.end !== start || !isPrivateAnonymous(before) || !before.perms.startsWith('rw')) return false
      start = before.start
    }
    return start === heap
  }
}

/** A block of glibc's with a mapping of its own begins with its length, marked as mapped. */
function isBlock({ start, end }: MemoryMapping, wordAt: MappingContext['wordAt']): boolean {
  const word = wordAt(start + 8)
  const bytes = word & ~7n
  return (word & 7n) === 2n && bytes > 0n && bytes % PAGE === 0n && bytes <= BigInt(end - start)
}

function isPrivateAnonymous({ inode, perms, path }: MemoryMapping): boolean {
  return inode === 0 && perms[3] !== 's' && !path.startsWith('/') && !path.startsWith('[anon_shmem')
}

/** `[heap]`, `[stack]`, and what some builds name their ranges (PR_SET_VMA_ANON_NAME). */
function kindByName(path: string): Kind {
  if (path === '[heap]' || /^\[anon:.*(?:malloc|jemalloc|tcmalloc|scudo|mimalloc)/.test(path)) return 'arena'
  if (path.startsWith('[stack') || /^\[anon:.*stack/.test(path)) return 'stack'
  return /^\[anon:.*v8/i.test(path) ? 'v8' : 'other'
}
