/**
 * The second binding: the same calls through ffi-napi and ref-napi, for where the addon cannot be built or loaded.
 *
 * The only file that loads those two. There is no lock across threads, and the other threads cannot be looked at; the
 * figures are the same ones. Arguments are laid out once: ffi-napi's own function objects take new Buffers for every
 * call, 13 KB of heap a reading that stay until the event loop turns, and would be measured as the caches' own.
 */
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { requireOptional } from '../support/own-package.js'
import { checkSlots, checkedMallctl, mallctlFailure } from './mallctl.js'
import type { RawMallctl } from './mallctl.js'
import { SLOT, SLOT_COUNT } from './port.js'
import type { BindingFacts, MallctlType, NativeBinding } from './port.js'

/** The part of ffi-napi's and ref-napi's surface (their types are not shipped with them) that is used. */
interface Ffi {
  DynamicLibrary: new (path: null) => { get(symbol: string): Buffer }
  CIF(returns: unknown, takes: readonly unknown[]): Buffer
  types: { int: unknown; size_t: unknown }
}
/** The module of ffi-napi on which its function objects rest. */
interface FfiBindings {
  ffi_call(cif: Buffer, symbol: Buffer, result: Buffer, pointersToArguments: Buffer): void
}
interface Ref {
  types: { CString: { get(buffer: Buffer, offset: number): string | null } }
  hexAddress(buffer: Buffer): string
}

/** A C function of integers and pointers; gives the memory of its result, valid until the next call. */
type CFunction = (...words: readonly bigint[]) => Buffer

interface Foreign {
  readonly prefix: string | null
  readonly mallctl: CFunction | null
  /** glibc's mallinfo2, ten size_t; null where this libc has none. */
  readonly mallinfo2: CFunction | null
  readonly malloc: CFunction
  readonly free: CFunction
  readonly addressOf: (memory: Buffer) => bigint
  readonly readString: (pointerToString: Buffer) => string | null
}

const POINTER_BYTES = 8
const SIZES: Record<MallctlType, number> = {
  bool: 1,
  unsigned: 4,
  size_t: 8,
  ssize_t: 8,
  uint64: 8,
  string: POINTER_BYTES,
}
const ENOSYS = 38
const EINVAL = 22
/** A key of 256 UTF-16 units, and its NUL. */
const KEY_BYTES = 3 * 256 + 1
const PROBE_BYTES = 4 * 1024 * 1024

/** The keys behind each slot; 4096 is MALLCTL_ARENAS_ALL, all arenas merged. */
const SLOT_KEYS: readonly (readonly [slot: number, key: string])[] = [
  [SLOT.rawAllocated, 'stats.allocated'],
  [SLOT.tcache, 'stats.arenas.4096.tcache_bytes'],
  [SLOT.tcacheStashed, 'stats.arenas.4096.tcache_stashed_bytes'],
  [SLOT.active, 'stats.active'],
  [SLOT.metadata, 'stats.metadata'],
  [SLOT.resident, 'stats.resident'],
  [SLOT.mapped, 'stats.mapped'],
  [SLOT.retained, 'stats.retained'],
]

/** How many extents of the smallest large size class there are. */
const EXTENTS_KEY = 'stats.arenas.4096.lextents.0.curlextents'

/** The command that installs both packages. */
const FFI_CURE = 'npm i ffi-napi@npm:@2060.io/ffi-napi ref-napi@npm:@2060.io/ref-napi'

/** Why the packages cannot be loaded; undefined where nothing failed. */
let missing: string | undefined
let loaded: NativeBinding | undefined

/**
 * The binding over ffi-napi and ref-napi, optional peers of this package; loaded once per thread.
 *
 * @throws CacheAttributionError `ERR_FFI_MISSING` with the reason and the command that fixes it
 */
export function loadFfiBinding(): NativeBinding {
  loaded ??= ffiBinding(loadForeign())
  return loaded
}

/** Why the binding is not loaded, and the command that fixes it, if one does; null where it is loaded. */
export function reasonFfiMissing(): { readonly reason: string; readonly cure: string | null } | null {
  try {
    loadFfiBinding()
    return null
  } catch (error) {
    return missing === undefined
      ? { reason: messageOf(error), cure: null }
      : { reason: `ERR_FFI_MISSING: ${missing}`, cure: FFI_CURE }
  }
}

function loadForeign(): Foreign {
  let ffi: Ffi, bindings: FfiBindings, ref: Ref
  try {
    ffi = requireOptional('ffi-napi') as Ffi
    bindings = requireOptional('ffi-napi/lib/bindings') as FfiBindings
    ref = requireOptional('ref-napi') as Ref
  } catch (error) {
    missing = messageOf(error).split('\n', 1)[0] ?? ''
    throw new CacheAttributionError('ERR_FFI_MISSING', `${missing} (to install: ${FFI_CURE})`, { cause: error })
  }
  const library = new ffi.DynamicLibrary(null)
  const found = (symbol: string): Buffer | null => {
    try {
      return library.get(symbol)
    } catch {
      return null
    }
  }
  const addressOf = (memory: Buffer): bigint => BigInt(`0x${ref.hexAddress(memory)}`)
  const { int, size_t: word } = ffi.types
  const define = (symbol: Buffer, returns: unknown, resultBytes: number, words: number): CFunction => {
    const cif = ffi.CIF(returns, new Array(words).fill(word))
    const cells = fixedMemory(words * 8)
    const pointers = fixedMemory(words * 8)
    const result = fixedMemory(resultBytes)
    for (let index = 0; index < words; index++) {
      pointers.writeBigUInt64LE(addressOf(cells) + BigInt(index * 8), index * 8)
    }
    return (...values) => {
      for (let index = 0; index < words; index++) cells.writeBigUInt64LE(values[index] ?? 0n, index * 8)
      bindings.ffi_call(cif, symbol, result, pointers)
      return result
    }
  }
  const prefix = ['', 'je_'].find((candidate) => found(`${candidate}mallctl`) !== null) ?? null
  const mallctl = prefix === null ? null : found(`${prefix}mallctl`)
  const mallinfo2 = found('mallinfo2')
  return {
    prefix,
    mallctl: mallctl === null ? null : define(mallctl, int, 8, 5),
    mallinfo2: mallinfo2 === null ? null : define(mallinfo2, tenWords(word), 80, 0),
    malloc: define(library.get('malloc'), word, 8, 1),
    free: define(library.get('free'), int, 8, 1),
    addressOf,
    readString: (pointerToString) => ref.types.CString.get(pointerToString, 0),
  }
}

/** Memory that V8 never moves, as it may do with a small Buffer. */
function fixedMemory(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes))
}

/** ffi-napi's description of a struct of ten size_t. */
function tenWords(word: unknown): object {
  const fields = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`field${String(index)}`, { type: word }]))
  return { name: 'mallinfo2', size: 80, alignment: 8, indirection: 1, fields }
}

function ffiBinding(foreign: Foreign): NativeBinding {
  const raw = rawMallctl(foreign)
  const size = (key: string): number => {
    const { errno, value } = raw.read(key, 'size_t')
    return errno === 0 ? (value as number) : NaN
  }
  const isProfiled = raw.read('opt.prof', 'bool').value === true
  return {
    kind: 'ffi',
    ...checkedMallctl(raw),
    facts: () => facts(foreign, raw),
    readJemalloc(slots) {
      checkSlots(slots)
      const errno = raw.write('epoch', 'uint64', 1n)
      if (errno !== 0) throw mallctlFailure('writing', 'epoch', errno)
      slots[SLOT.epoch] = Number(raw.read('epoch', 'uint64').value)
      for (const [slot, key] of SLOT_KEYS) slots[slot] = size(key)
      // The profiler's counts by size class are a structure, which this binding does not read.
      slots[SLOT.overcount] = isProfiled ? NaN : 0
      slots[SLOT.overcountMost] = isProfiled ? size(EXTENTS_KEY) * size('arenas.lextent.0.size') : 0
      slots.fill(NaN, SLOT.otherThreads, SLOT.othersChanges + 1)
    },
    readGlibc(slots) {
      checkSlots(slots)
      if (foreign.mallinfo2 === null) throw mallctlFailure('calling', 'mallinfo2', ENOSYS)
      const { arena, mapped, inUse } = readMallinfo(foreign.mallinfo2)
      slots.fill(NaN, 0, SLOT_COUNT)
      slots[SLOT.rawAllocated] = inUse + mapped
      slots[SLOT.mapped] = arena + mapped
    },
    threadsAtWork: () => -1,
    runFinalizers: () => null,
    mapped: null,
    threads: null,
    heapAfterMajorGc: () => null,
    watchMajorGcs: () => undefined,
    unwatchMajorGcs: () => undefined,
    lastMajorGc: () => null,
    tryRunLock: () => true,
    releaseRunLock: () => undefined,
    tryProfilingLock: () => true,
    releaseProfilingLock: () => undefined,
    heapSamples: () => 'it takes the addon, and native code is reached by ffi-napi',
    accessorKeys: null,
    javaScriptStacks: null,
    blackBox: null,
    twin: null,
  }
}

/** arena, hblkhd and uordblks of struct mallinfo2. */
function readMallinfo(mallinfo2: CFunction): { arena: number; mapped: number; inUse: number } {
  const figures = mallinfo2()
  const field = (index: number): number => Number(figures.readBigUInt64LE(index * 8))
  return { arena: field(0), mapped: field(4), inUse: field(7) }
}

function facts(foreign: Foreign, raw: RawMallctl): BindingFacts {
  return {
    mallctlPrefix: foreign.prefix,
    servesMalloc: servesMalloc(foreign, raw),
    mallinfo2: mallinfo2Counts(foreign),
  }
}

/** See allocator_serves_malloc() in native/allocator.c. */
function servesMalloc(foreign: Foreign, raw: RawMallctl): boolean | null {
  if (foreign.prefix === null) return false
  const before = raw.read('thread.allocated', 'uint64')
  if (before.errno !== 0) return null
  foreign.free(foreign.malloc(65536n).readBigUInt64LE())
  const after = raw.read('thread.allocated', 'uint64')
  return after.errno === 0 ? (after.value as bigint) - (before.value as bigint) >= 65536n : null
}

/** See allocator_has_mallinfo2() in native/allocator.c. */
function mallinfo2Counts({ mallinfo2, malloc, free }: Foreign): boolean {
  if (mallinfo2 === null) return false
  const usedBytes = (): number => {
    const { mapped, inUse } = readMallinfo(mallinfo2)
    return inUse + mapped
  }
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = usedBytes()
    const probe = malloc(BigInt(PROBE_BYTES)).readBigUInt64LE()
    const after = usedBytes()
    free(probe)
    if (after - before >= PROBE_BYTES / 2) return true
  }
  return false
}

function rawMallctl({ mallctl, addressOf, readString }: Foreign): RawMallctl {
  if (mallctl === null)
    return { read: () => ({ errno: ENOSYS, value: undefined }), write: () => ENOSYS, call: () => ENOSYS }
  const keyText = fixedMemory(KEY_BYTES)
  const old = fixedMemory(8)
  const oldSize = fixedMemory(8)
  const value = fixedMemory(8)
  /** The target of the pointer `value`, kept from the collector until the call is over. */
  let text: Buffer | null = null
  const at = { key: addressOf(keyText), old: addressOf(old), oldSize: addressOf(oldSize), value: addressOf(value) }
  const errnoOf = (key: string, ...moreArguments: readonly bigint[]): number => {
    keyText.writeUInt8(0, keyText.write(key))
    return mallctl(at.key, ...moreArguments).readInt32LE()
  }
  return {
    read(key, type) {
      oldSize.writeBigUInt64LE(BigInt(SIZES[type]))
      const errno = errnoOf(key, at.old, at.oldSize, 0n, 0n)
      if (errno !== 0) return { errno, value: undefined }
      // Some versions copy a part where the size differs, in place of refusing.
      if (Number(oldSize.readBigUInt64LE()) !== SIZES[type]) return { errno: EINVAL, value: undefined }
      return { errno, value: type === 'string' ? readText(old, readString) : decode(type, old) }
    },
    write(key, type, given) {
      text = type === 'string' ? Buffer.from(`${given as string}\0`) : null
      encode(type, text === null ? given : addressOf(text), value)
      const errno = errnoOf(key, 0n, 0n, at.value, BigInt(SIZES[type]))
      text = null
      return errno
    },
    call: (key) => errnoOf(key, 0n, 0n, 0n, 0n),
  }
}

function readText(pointer: Buffer, readString: Foreign['readString']): string | null {
  return pointer.readBigUInt64LE() === 0n ? null : readString(pointer)
}

function decode(type: Exclude<MallctlType, 'string'>, value: Buffer): unknown {
  switch (type) {
    case 'bool':
      return value.readUInt8() !== 0
    case 'unsigned':
      return value.readUInt32LE()
    case 'size_t':
      return Number(value.readBigUInt64LE())
    case 'ssize_t':
      return Number(value.readBigInt64LE())
    case 'uint64':
      return value.readBigUInt64LE()
  }
}

/** `value` as C has it, a string by its address. */
function encode(type: MallctlType, value: unknown, into: Buffer): void {
  switch (type) {
    case 'bool':
      into.writeUInt8(value === true ? 1 : 0)
      break
    case 'unsigned':
      into.writeUInt32LE(value as number)
      break
    case 'size_t':
    case 'uint64':
    case 'string':
      into.writeBigUInt64LE(BigInt(value as number | bigint))
      break
    case 'ssize_t':
      into.writeBigInt64LE(BigInt(value as number))
  }
}
