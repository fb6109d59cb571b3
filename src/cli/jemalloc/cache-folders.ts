/**
 * Where a fetched library is kept: a folder that nobody else can write to.
 *
 * Rule: what lies here is loaded into the service's process, so a folder or file that belongs to someone else, or that
 * others may write to, is never used, only reported.
 */
import { accessSync, constants, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { messageOf } from '../../support/errors.js'
import { unpreloadable } from './preload.js'
import type { Distribution } from './distribution.js'

/** Where the command runs. */
export interface CommandSurroundings {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** The user's home folder. */
  readonly home: string
}

const PACKAGE_FOLDER = 'cache-attribution'

/** Folders that may hold a fetched library, in the order in which they are tried. */
export function cacheFolders(place: CommandSurroundings, distribution: Distribution, arch: string): readonly string[] {
  const modules = path.join(place.cwd, 'node_modules')
  const roots = isWritableFolder(modules) ? [path.join(modules, '.cache')] : []
  const xdg = place.env['XDG_CACHE_HOME'] ?? ''
  // The XDG specification: a relative path is invalid, and to be ignored.
  if (path.isAbsolute(xdg)) roots.push(xdg)
  if (path.isAbsolute(place.home)) roots.push(path.join(place.home, '.cache'))
  // One folder per system: a project's node_modules may be mounted into containers of several.
  const system = ['jemalloc', distribution.id, distribution.versionId, arch].filter((part) => part !== '').join('-')
  return [...new Set(roots)].map((root) => path.join(root, PACKAGE_FOLDER, system))
}

/** Makes `folder` and its parent private to this user. Null when done, else why it cannot be used. */
export function preparePrivateFolder(folder: string): string | null {
  const obstacle = unpreloadable(folder)
  if (obstacle !== null) return `${folder}: ${obstacle}`
  const parent = path.dirname(folder)
  try {
    makeParents(path.dirname(parent))
    for (const level of [parent, folder]) {
      makeFolder(level)
      const distrust = distrustOf(level)
      if (distrust !== null) return distrust
    }
    accessSync(folder, constants.W_OK)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/** Whether a fetched library lies at `file`, and why it must not be used; null when it may. */
export function fetchedCopy(file: string): { readonly exists: boolean; readonly distrust: string | null } {
  try {
    lstatSync(file)
  } catch {
    return { exists: false, distrust: null }
  }
  const folder = path.dirname(file)
  try {
    const distrust = distrustOf(path.dirname(folder)) ?? distrustOf(folder) ?? distrustOf(file)
    return { exists: true, distrust: distrust ?? unpreloadable(file) }
  } catch (error) {
    return { exists: true, distrust: messageOf(error) }
  }
}

/** By steps: the `recursive` of Node never returns below /proc, which answers ENOENT to every attempt. */
function makeParents(folder: string): void {
  if (existsSync(folder)) return
  makeParents(path.dirname(folder))
  makeFolder(folder, 0o755)
}

function makeFolder(folder: string, mode = 0o700): void {
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function distrustOf(item: string): string | null {
  const { mode, uid, isLink } = describeItem(item)
  const own = process.getuid?.()
  if (isLink) return `${item} is a symbolic link`
  if (own !== undefined && uid !== own && uid !== 0) return `${item} belongs to another user`
  return (mode & 0o022) === 0 ? null : `${item} can be written to by others`
}

function describeItem(item: string): { mode: number; uid: number; isLink: boolean } {
  const stats = lstatSync(item)
  return { mode: stats.mode, uid: stats.uid, isLink: stats.isSymbolicLink() }
}

function isWritableFolder(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return statSync(folder).isDirectory()
  } catch {
    return false
  }
}
