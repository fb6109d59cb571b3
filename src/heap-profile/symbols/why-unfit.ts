/**
 * Whether the file at a path is still the one that was mapped when the profile was taken.
 *
 * Rule: no name is better than a wrong one. A build-id decides where both have one. Else the size and the time of the last
 * change decide where the dump has them; else the inode, where it is of the same file system, and whether the file was
 * changed after the dump.
 */
import type { Stats } from 'node:fs'
import type { HeapProfile, Mapping } from '../profile/types.js'

/** The file as it is found now. */
interface Found {
  readonly buildId: string | null
  readonly stat: Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>
}

/**
 * Why the file does not fit; null where nothing speaks against it. Below another root, which the caller vouches for, files
 * have other inodes and times: a build-id alone speaks there.
 */
export function whyUnfit(mapping: Mapping, found: Found, profile: HeapProfile, root: string): string | null {
  if (mapping.buildId !== null) {
    if (mapping.buildId === found.buildId) return null
    return `it is no longer the file that was mapped: its build-id is ${found.buildId ?? 'gone'}, not ${mapping.buildId}`
  }
  if (root !== '') return null
  const { identity } = mapping
  const { stat } = found
  if (identity?.bytes !== undefined && identity.modifiedMs !== undefined) {
    const isSame = identity.bytes === stat.size && Math.abs(identity.modifiedMs - stat.mtimeMs) < 1
    return isSame ? null : 'it is no longer the file that was mapped: it has another size, or was changed since'
  }
  const isComparable = identity?.device === deviceText(stat.dev)
  if (isComparable && identity.inode !== stat.ino)
    return 'it is no longer the file that was mapped: it has another inode'
  const taken = profile.takenAt ?? profile.writtenAt
  // The inode is the same: only its content can have changed. Else the path may lead to another file since.
  const changedMs = isComparable ? stat.mtimeMs : Math.max(stat.mtimeMs, stat.ctimeMs)
  if (taken === undefined || changedMs <= Date.parse(taken) + RESOLUTION_MS) return null
  return `it is no longer the file that was mapped: it was changed at ${new Date(changedMs).toISOString()}, after the profile was taken`
}

/** Times of profiles have milliseconds, those of files are the kernel's last tick. */
const RESOLUTION_MS = 1

/** A number of a device as the kernel writes it in /proc/PID/maps. */
function deviceText(device: number): string {
  const wide = BigInt(device)
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & 0xfffff000n)
  const minor = (wide & 0xffn) | ((wide >> 12n) & 0xffffff00n)
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`
}
