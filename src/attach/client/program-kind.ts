/**
 * The kind of program that a process runs, told from its file: whether it is Node, and which version.
 *
 * Rule: nothing is run and nothing is sent: SIGUSR1 ends a program that does not expect it.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import process from 'node:process'

/** The kind of a program. `version` is null where the file does not say. */
export interface ProgramKind {
  readonly kind: 'node' | 'bun' | 'deno' | 'other'
  readonly version: string | null
}

const PIECE_BYTES = 8 * 1024 * 1024
/** Longer than any of the texts that are sought, so that none is cut by the border of two pieces. */
const OVERLAP_BYTES = 256
const FILE_BYTES_MAX = 1024 * 1024 * 1024

/** Node's build writes the address of its headers into the binary; so do Bun and Deno, for the version that they imitate. */
const HEADERS_END = '-headers.tar.gz'
const HEADERS_VERSION = /node-v(\d+\.\d+\.\d+)[\w.-]{0,40}$/
/** In every Node since 18.16, and in no other runtime. */
const NODE_MARK = 'NODE_SEA_FUSE_'
const BUN_MARK = 'bun.sh/docs'
const DENO_MARK = 'deno_runtime'

/**
 * Reads the whole file, of which 100 MB take up to 400 ms; where it is the program that this process runs, nothing of it.
 *
 * @returns null where the file cannot be read
 */
export function programKind(file: string): ProgramKind | null {
  if (isOwnProgram(file)) return { kind: 'node', version: process.versions.node }
  let version: string | null = null
  const marks = { node: false, bun: false, deno: false }
  try {
    for (const bytes of pieces(file)) {
      version ??= headersVersion(bytes)
      marks.node ||= bytes.includes(NODE_MARK)
      marks.bun ||= bytes.includes(BUN_MARK)
      marks.deno ||= bytes.includes(DENO_MARK)
      if (marks.node && version !== null) break
    }
  } catch {
    return null
  }
  if (!marks.node && marks.deno) return { kind: 'deno', version: null }
  if (!marks.node && marks.bun) return { kind: 'bun', version: null }
  return { kind: marks.node || version !== null ? 'node' : 'other', version }
}

/** Bun and Deno, which imitate Node, are read like any other program. */
function isOwnProgram(file: string): boolean {
  if ('bun' in process.versions || 'deno' in process.versions) return false
  try {
    const [theirs, own] = [statSync(file, { bigint: true }), statSync('/proc/self/exe', { bigint: true })]
    return theirs.dev === own.dev && theirs.ino === own.ino
  } catch {
    return false
  }
}

function headersVersion(bytes: Buffer): string | null {
  const end = bytes.indexOf(HEADERS_END)
  if (end < 0) return null
  return HEADERS_VERSION.exec(bytes.toString('latin1', Math.max(0, end - OVERLAP_BYTES), end))?.[1] ?? null
}

function* pieces(file: string): Generator<Buffer> {
  const descriptor = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(OVERLAP_BYTES + PIECE_BYTES)
    let kept = 0
    for (let read = 0; read < FILE_BYTES_MAX;) {
      const bytes = readSync(descriptor, buffer, kept, PIECE_BYTES, null)
      if (bytes === 0) return
      read += bytes
      const whole = kept + bytes
      yield buffer.subarray(0, whole)
      kept = Math.min(OVERLAP_BYTES, whole)
      buffer.copyWithin(0, whole - kept, whole)
    }
  } finally {
    closeSync(descriptor)
  }
}
