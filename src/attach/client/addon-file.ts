/**
 * Where the other process can load the native addon: beside this package, where it sees the same file, else a copy in a folder
 * of its own file system.
 *
 * Rule: a copy lies there for as long as loading takes. What the other file system calls a folder may be a link out of it, so
 * no link is followed.
 */
import { chmodSync, copyFileSync, lstatSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { pathOfAddon } from '../../allocator/binding.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import type { SeenFile } from './foothold.js'
import type { TargetProcess } from './target-process.js'

/** A copy for one process. */
export interface AddonCopy {
  /** As the other process sees it. */
  readonly path: string
  /** The path to remove once the addon is loaded, as this process sees it. */
  readonly folder: string
}

/** Of the other process, in the order in which they are tried. */
const FOLDERS = ['/tmp', '/var/tmp', '/dev/shm', '/run'] as const
const NAME = 'addon.node'

/** Where the other process may look for temporary files of this library, as it says itself. */
export function temporaryFolders(target: TargetProcess): readonly string[] {
  const own = ['TMPDIR', 'TMP', 'TEMP'].flatMap((name) => target.environment?.get(name) ?? [])
  return [...new Set([...own.filter((folder) => path.isAbsolute(folder)), ...FOLDERS])]
}

/** The addon of this package. @throws CacheAttributionError `ERR_ADDON_MISSING` */
export function ownAddon(): string {
  try {
    return pathOfAddon()
  } catch (error) {
    throw new CacheAttributionError('ERR_ADDON_MISSING', messageOf(error).replace(/\s+/g, ' '), { cause: error })
  }
}

/** The file as this process sees it. */
export function seenFile(file: string): SeenFile {
  const { dev, ino, size } = statSync(file)
  return { file, dev, ino, size }
}

/** Copies it into one folder of the other process after the other; the taker of a copy removes it. */
export function* copiesOfAddon(target: TargetProcess, source: string): Generator<AddonCopy> {
  const root = `${target.folder}/root`
  for (const folder of temporaryFolders(target)) {
    const copy = copyInto(root, folder, source)
    if (copy !== null) yield copy
  }
}

function copyInto(root: string, folder: string, source: string): AddonCopy | null {
  if (hasLink(root, folder)) return null
  let made: string | undefined
  try {
    made = mkdtempSync(path.join(root, folder, 'cache-attribution-attach-'))
    // For whichever user the other process has: there is no secret in it.
    chmodSync(made, 0o755)
    const file = path.join(made, NAME)
    copyFileSync(source, file)
    chmodSync(file, 0o755)
    return { path: path.join('/', path.relative(root, file)), folder: made }
  } catch {
    if (made !== undefined) rmSync(made, { recursive: true, force: true })
    return null
  }
}

/** Whether any part of `folder` below `root` is a symbolic link, or is not there. */
function hasLink(root: string, folder: string): boolean {
  let at = root
  try {
    return folder
      .split('/')
      .filter((part) => part !== '')
      .some((part) => {
        at = `${at}/${part}`
        return part === '..' || !lstatSync(at).isDirectory()
      })
  } catch {
    return true
  }
}
