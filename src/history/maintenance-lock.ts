/**
 * Keeps two processes from maintaining one history at once, and finds what a process left that was ended in the middle of it.
 *
 * Rule: the lock saves work and is no condition: two that merge at once lose and double nothing. So whatever stands in its way
 * ends the maintenance only while another process plainly is at it.
 */
import { randomInt } from 'node:crypto'
import { lstat, open, readdir, rmdir, unlink } from 'node:fs/promises'
import path from 'node:path'

const LOCK = 'maintenance.lock'
/** Nobody is at it for so long: its holder died. The same for a time that lies ahead: some clock was set. */
const STALE_MS = 10 * 60_000
const TEMPORARY = /^merge-\d+\.tmp$/
/** The folder is not there, or takes no file of this process: there is nothing that it could do. */
const NO_FOLDER: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'])

/** The right to maintain. */
export interface MaintenanceLock {
  /** Whether nobody else can be at it: false where the lock was somebody's before, or could not be had. */
  readonly isSole: boolean
  /** The obstacle to the lock; null where there was none. */
  readonly obstacle: string | null
  release(): Promise<void>
}

/** The name of a file that is to take the place of others. */
export function temporaryName(): string {
  return `merge-${String(randomInt(2 ** 32))}.tmp`
}

/** The lock, or null while another process maintains, and where the folder cannot be written to. */
export async function takeMaintenanceLock(folder: string): Promise<MaintenanceLock | null> {
  const file = path.join(folder, LOCK)
  const release = async (): Promise<void> => {
    await unlink(file).catch(() => undefined)
  }
  for (const isSole of [true, false]) {
    try {
      await (await open(file, 'wx')).close()
      return { isSole, obstacle: null, release }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (NO_FOLDER.has(code)) return null
      // A full disk: what maintenance removes is what makes room.
      if (code !== 'EEXIST') return { isSole: false, obstacle: null, release: () => Promise.resolve() }
      const held = await lstat(file).catch(() => null)
      if (held?.isFile() === true && isFresh(held.mtimeMs)) return null
      const isRemoved = held === null || (await remove(file, held.isDirectory()))
      if (!isRemoved || !isSole) return { isSole: false, obstacle: obstacleOf(held), release: () => Promise.resolve() }
    }
  }
  return null
}

function obstacleOf(held: { isDirectory(): boolean } | null): string | null {
  if (held === null) return null
  return `${LOCK} is ${held.isDirectory() ? 'a folder that is not empty' : 'no file of this library'} and cannot be removed`
}

async function remove(file: string, isFolder: boolean): Promise<boolean> {
  return (isFolder ? rmdir(file) : unlink(file)).then(
    () => true,
    () => false,
  )
}

function isFresh(mtimeMs: number): boolean {
  // The clock that the kernel stamps files with, whatever clock the history was given.
  return Math.abs(Date.now() - mtimeMs) < STALE_MS
}

/**
 * Removes what processes left that were ended while they merged.
 *
 * @returns the bytes of what is left, since somebody may still be writing it
 */
export async function leftovers(folder: string, { isSole }: MaintenanceLock): Promise<number> {
  let bytes = 0
  for (const name of (await readdir(folder)).filter((entry) => TEMPORARY.test(entry))) {
    const file = path.join(folder, name)
    const stats = await lstat(file).catch(() => null)
    if (stats === null || stats.isDirectory()) continue
    const isDead = isSole || !isFresh(stats.mtimeMs)
    if (!isDead || !(await remove(file, false))) bytes += stats.size
  }
  return bytes
}
