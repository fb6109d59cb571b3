/**
 * The addon that a bundle carries in its own text (`cache-attribution/bundled`), written to a file where the loader can take it.
 *
 * Rule: the file lies in a folder that only this user may enter, and holds exactly what the bundle carries, or it is not used.
 */
import { createHash, randomUUID } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { brotliDecompressSync } from 'node:zlib'
import { messageOf } from '../support/errors.js'
import { libcOf } from './addon-files.js'

/** Raised when the form of what is carried changes. */
const INTERFACE = 1

/** Under it the entry for bundles leaves what it carries, for every copy of this package. */
const KEY = Symbol.for('cache-attribution.addon')

/** The value behind the mark. */
interface Carried {
  readonly interface: number
  /** `linux-x64.glibc` → the file, compressed, as base64. */
  readonly addons: Readonly<Record<string, string>>
}

/** Leaves the addons there. */
export function carryAddons(addons: Readonly<Record<string, string>>): void {
  const value: Carried = { interface: INTERFACE, addons }
  Object.defineProperty(globalThis, KEY, { value, configurable: true, enumerable: false })
}

/**
 * Files of the one for this system, in one folder after the other, since one may not take it and another forbid to load it; null
 * where none is carried. Going through them throws where no folder takes it.
 */
export function carriedAddons(): Iterable<string> | null {
  const carried = (globalThis as Record<symbol, unknown>)[KEY] as Carried | undefined
  if (carried?.interface !== INTERFACE) return null
  const text = carried.addons[`${process.platform}-${process.arch}${libcOf(process)}`]
  return text === undefined ? null : writtenDown(text)
}

/** All processes and threads of this user share the file: it is loaded once, and its locks are theirs. */
function* writtenDown(text: string): Generator<string> {
  const content = brotliDecompressSync(Buffer.from(text, 'base64'))
  const name = `${createHash('sha256').update(content).digest('hex').slice(0, 16)}.node`
  const failures: string[] = []
  for (const folder of folders()) {
    const file = path.join(folder, name)
    try {
      makePrivate(folder)
      if (!holds(file, content)) write(file, content)
    } catch (error) {
      failures.push(messageOf(error))
      continue
    }
    yield file
  }
  if (failures.length > 0) throw new Error(`the bundle's addon cannot be written to a file: ${failures.join('; ')}`)
}

function folders(): string[] {
  const own = `cache-attribution-${String(process.getuid?.() ?? 0)}`
  const temporary = [os.tmpdir(), ...(process.platform === 'linux' ? ['/dev/shm'] : [])]
  return [...new Set(temporary)].map((folder) => path.join(folder, own))
}

/** Somebody else may have put a folder or a link there. */
function makePrivate(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stats = lstatSync(folder)
  const isOwn = process.getuid === undefined || stats.uid === process.getuid()
  if (!stats.isDirectory() || !isOwn) throw new Error(`${folder} belongs to somebody else`)
  if ((stats.mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

function holds(file: string, content: Buffer): boolean {
  try {
    return lstatSync(file).isFile() && readFileSync(file).equals(content)
  } catch {
    return false
  }
}

/** Under another name first: another process may be about to load it. */
function write(file: string, content: Buffer): void {
  const temporary = `${file}.${randomUUID()}`
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode: 0o700 })
    renameSync(temporary, file)
  } finally {
    rmSync(temporary, { force: true })
  }
}
