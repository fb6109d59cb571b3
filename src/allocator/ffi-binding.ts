/**
 * The second binding: the same calls through ffi-napi and ref-napi, for where the addon cannot be built or loaded.
 *
 * The only file that loads those two. A foreign call costs 10–20 µs against the addon's 0.05 µs, and there is no lock
 * across threads; the figures are the same ones.
 */
import { createRequire } from 'node:module'
import { CoordinatorError, messageOf } from '../support/errors.js'
import { checkSlots, checkedMallctl, mallctlFailure } from './mallctl.js'
import type { RawMallctl } from './mallctl.js'
import { SLOT } from './port.js'
import type { BindingFacts, MallctlType, NativeBinding } from './port.js'

/** What is used of ffi-napi's and ref-napi's surface (their types are not shipped with them). */
interface Ffi {
  DynamicLibrary: new (path: null) => { get(symbol: string): Buffer }
  ForeignFunction: (symbol: Buffer, returns: unknown, takes: readonly unknown[]) => (...args: unknown[]) => unknown
}
interface Ref {
  types: { size_t: unknown; CString: { get(buffer: Buffer, offset: number): string | null } }
  writePointer(buffer: Buffer, offset: number, target: Buffer): void
}

type MallctlCall = (
  key: string,
  old: Buffer | null,
  oldSize: Buffer | null,
  value: Buffer | null,
  valueSize: number,
) => number

interface Foreign {
  readonly prefix: string | null
  readonly mallctl: MallctlCall
  /** glibc's mallinfo2, whose struct comes back as ten size_t; null where this libc has none. */
  readonly mallinfo2: (() => readonly number[]) | null
  readonly malloc: (bytes: number) => Buffer
  readonly free: (pointer: Buffer) => void
  readonly readString: (pointerToString: Buffer) => string | null
  readonly writePointer: (buffer: Buffer, offset: number, target: Buffer) => void
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

let loaded: NativeBinding | undefined

/**
 * The binding over ffi-napi and ref-napi, optional peers of this package; loaded once per thread.
 *
 * @throws CoordinatorError `ERR_FFI_MISSING` with the reason and the line that mends it
 */
export function loadFfiBinding(): NativeBinding {
  loaded ??= ffiBinding(loadForeign())
  return loaded
}

function loadForeign(): Foreign {
  const require = createRequire(import.meta.url)
  let ffi: Ffi, ref: Ref
  try {
    ffi = require('ffi-napi') as Ffi
    ref = require('ref-napi') as Ref
  } catch (error) {
    throw new CoordinatorError(
      'ERR_FFI_MISSING',
      `${messageOf(error).split('\n', 1)[0] ?? ''} (to install: npm i ffi-napi@npm:@2060.io/ffi-napi ref-napi@npm:@2060.io/ref-napi)`,
      { cause: error },
    )
  }
  const library = new ffi.DynamicLibrary(null)
  const found = (symbol: string): Buffer | null => {
    try {
      return library.get(symbol)
    } catch {
      return null
    }
  }
  const prefix = ['', 'je_'].find((candidate) => found(`${candidate}mallctl`) !== null) ?? null
  const mallctl = prefix === null ? null : found(`${prefix}mallctl`)
  const mallinfo2 = found('mallinfo2')
  const { size_t: size } = ref.types
  const pointer = 'pointer'
  return {
    prefix,
    mallctl:
      mallctl === null
        ? () => ENOSYS
        : (ffi.ForeignFunction(mallctl, 'int', ['string', pointer, pointer, pointer, size]) as MallctlCall),
    mallinfo2:
      mallinfo2 === null ? null : (ffi.ForeignFunction(mallinfo2, tenSizes(size), []) as () => readonly number[]),
    malloc: ffi.ForeignFunction(library.get('malloc'), pointer, [size]) as (bytes: number) => Buffer,
    free: ffi.ForeignFunction(library.get('free'), 'void', [pointer]),
    readString: (pointerToString) => ref.types.CString.get(pointerToString, 0),
    writePointer: (buffer, offset, target) => {
      ref.writePointer(buffer, offset, target)
    },
  }
}

/** ffi-napi's description of a struct of ten size_t, read into numbers. */
function tenSizes(size: unknown): object {
  const fields: Record<string, { type: unknown }> = {}
  for (let index = 0; index < 10; index++) fields[`field${String(index)}`] = { type: size }
  return {
    name: 'mallinfo2',
    size: 80,
    alignment: 8,
    indirection: 1,
    fields,
    get: (buffer: Buffer, offset: number) =>
      Array.from({ length: 10 }, (_, index) => Number(buffer.readBigUInt64LE(offset + index * 8))),
    set: () => undefined,
  }
}

function ffiBinding(foreign: Foreign): NativeBinding {
  const epoch = Buffer.alloc(8)
  const size = Buffer.alloc(8)
  const readSize = (key: string): number => {
    const value = Buffer.alloc(8)
    size.writeBigUInt64LE(8n)
    return foreign.mallctl(key, value, size, null, 0) === 0 ? Number(value.readBigUInt64LE()) : NaN
  }
  return {
    kind: 'ffi',
    ...checkedMallctl(rawMallctl(foreign)),
    facts: () => facts(foreign),
    readJemalloc(slots) {
      checkSlots(slots)
      epoch.writeBigUInt64LE(1n)
      size.writeBigUInt64LE(8n)
      const errno = foreign.mallctl('epoch', epoch, size, epoch, 8)
      if (errno !== 0) throw mallctlFailure('writing', 'epoch', errno)
      slots[SLOT.epoch] = Number(epoch.readBigUInt64LE())
      for (const [slot, key] of SLOT_KEYS) slots[slot] = readSize(key)
    },
    readGlibc(slots) {
      checkSlots(slots)
      if (foreign.mallinfo2 === null) throw mallctlFailure('calling', 'mallinfo2', ENOSYS)
      const [arena = NaN, , , , mapped = NaN, , , used = NaN] = foreign.mallinfo2()
      slots.fill(NaN)
      slots[SLOT.rawAllocated] = used + mapped
      slots[SLOT.mapped] = arena + mapped
    },
    threadsAtWork: () => -1,
    tryRunLock: () => true,
    releaseRunLock: () => undefined,
  }
}

function facts(foreign: Foreign): BindingFacts {
  return { mallctlPrefix: foreign.prefix, servesMalloc: servesMalloc(foreign), mallinfo2: foreign.mallinfo2 !== null }
}

/** See allocator_serves_malloc() in native/allocator.c. */
function servesMalloc(foreign: Foreign): boolean | null {
  if (foreign.prefix === null) return false
  const raw = rawMallctl(foreign)
  const before = raw.read('thread.allocated', 'uint64')
  if (before.errno !== 0) return null
  foreign.free(foreign.malloc(65536))
  const after = raw.read('thread.allocated', 'uint64')
  return (after.value as bigint) - (before.value as bigint) >= 65536n
}

function rawMallctl(foreign: Foreign): RawMallctl {
  return {
    read(key, type) {
      const value = Buffer.alloc(8)
      const size = Buffer.alloc(8)
      size.writeBigUInt64LE(BigInt(SIZES[type]))
      let errno = foreign.mallctl(key, value, size, null, 0)
      // Some versions copy a part where the size differs, in place of refusing.
      if (errno === 0 && Number(size.readBigUInt64LE()) !== SIZES[type]) errno = 22
      return { errno, value: errno === 0 ? decode(foreign, type, value) : undefined }
    },
    write(key, type, value) {
      return foreign.mallctl(key, null, null, encode(foreign, type, value), SIZES[type])
    },
    call: (key) => foreign.mallctl(key, null, null, null, 0),
  }
}

function decode(foreign: Foreign, type: MallctlType, value: Buffer): unknown {
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
    case 'string':
      return value.readBigUInt64LE() === 0n ? null : foreign.readString(value)
  }
}

/** The value in memory; ref-napi keeps a string alive as long as the buffer that points to it. */
function encode(foreign: Foreign, type: MallctlType, value: unknown): Buffer {
  const buffer = Buffer.alloc(8)
  switch (type) {
    case 'bool':
      buffer.writeUInt8(value === true ? 1 : 0)
      break
    case 'unsigned':
      buffer.writeUInt32LE(value as number)
      break
    case 'size_t':
      buffer.writeBigUInt64LE(BigInt(value as number))
      break
    case 'ssize_t':
      buffer.writeBigInt64LE(BigInt(value as number))
      break
    case 'uint64':
      buffer.writeBigUInt64LE(value as bigint)
      break
    case 'string':
      foreign.writePointer(buffer, 0, Buffer.from(`${value as string}\0`))
  }
  return buffer
}
