/**
 * The kernel's figures of a process: its mappings, its threads, and where neither can be read its totals.
 *
 * Rule: only the mappings are needed; whatever else cannot be read (another user's process, a kernel without it) is null,
 * and the breakdown is coarser.
 */
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs'
import { namedWorkers } from '../measure/worker-threads.js'
import { SmapsParser } from './smaps.js'
import type { MemoryMapping } from './smaps.js'

/** The files of one process under /proc. */
export interface ProcessFiles {
  /**
   * Its mappings.
   *
   * @throws Error of the file system where they cannot be read
   */
  mappings(): readonly MemoryMapping[]
  /** The text of a file of the process, e.g. `status`; null where it cannot be read. */
  text(name: string): string | null
  /** Kernel ids of its threads; null where they cannot be listed. */
  threads(): readonly string[] | null
  /** Reads words of its memory while `work` runs; 0 for what cannot be read. */
  withMemory<T>(work: (wordAt: (address: number) => bigint) => T): T
}

/** The kernel gives about a page a read, whatever is asked for. */
const CHUNK_BYTES = 64 * 1024

/** The files of a process, `self` for this one. */
export function processFiles(pid: number | 'self'): ProcessFiles {
  const folder = `/proc/${String(pid)}`
  return {
    mappings: () => readMappings(`${folder}/smaps`),
    text: (name) => orNull(() => readFileSync(`${folder}/${name}`, 'utf8')),
    threads: () => orNull(() => readdirSync(`${folder}/task`)),
    withMemory: (work) => withMemory(`${folder}/mem`, work),
  }
}

function readMappings(path: string): readonly MemoryMapping[] {
  const parser = new SmapsParser()
  const chunk = Buffer.alloc(CHUNK_BYTES)
  const file = openSync(path, 'r')
  try {
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
      parser.write(chunk.subarray(0, length))
    }
  } finally {
    closeSync(file)
  }
  return parser.end()
}

function withMemory<T>(path: string, work: (wordAt: (address: number) => bigint) => T): T {
  const file = orNull(() => openSync(path, 'r'))
  const word = Buffer.alloc(8)
  try {
    return work((address) => {
      const length = file === null ? null : orNull(() => readSync(file, word, 0, 8, address))
      return length === 8 ? word.readBigUInt64LE() : 0n
    })
  } finally {
    if (file !== null) closeSync(file)
  }
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** Threads of a process, as far as the kernel reports it. */
export interface Threads {
  readonly count: number | null
  /** Those that wait in the kernel; sorted. */
  readonly stackPointers: readonly number[]
  /** Those that Node named as workers; null where it names none. */
  readonly workers: number | null
  readonly defaultStackBytes: number | null
}

/** More threads than this are counted, and their stacks told by their guards alone. */
const THREADS_MAX = 256

/** Reads the threads. */
export function readThreads(files: ProcessFiles): Threads {
  const ids = files.threads()
  const readIds = (ids ?? []).slice(0, THREADS_MAX)
  const names = readIds.map((id) => files.text(`task/${id}/comm`)?.trim() ?? '')
  const stackPointers = readIds
    .map((id) => stackPointer(files.text(`task/${id}/syscall`) ?? ''))
    .filter((pointer) => !Number.isNaN(pointer))
    .toSorted((a, b) => a - b)
  const limit = /^Max stack size +(\d+)/m.exec(files.text('limits') ?? '')?.[1]
  return {
    count: ids?.length ?? null,
    stackPointers,
    // Node 24 and later name their threads.
    workers: names.some((name) => name.includes('V8Worker')) ? namedWorkers(names) : null,
    defaultStackBytes: limit === undefined ? null : Number(limit),
  }
}

/** `number arguments… stack-pointer program-counter`, or `-1 stack-pointer program-counter`; `running` shows nothing. */
function stackPointer(line: string): number {
  return Number(line.trim().split(' ').at(-2) ?? NaN)
}
