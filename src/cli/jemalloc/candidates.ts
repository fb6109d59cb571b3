/**
 * Which libraries to try, in which order. Pure.
 *
 * The order is from what was said to what was found: the variable, what is preloaded already, the system's, an earlier
 * fetched copy. A copy comes last because the system's package gets security updates, and the copy does not.
 */
import { preloadedJemalloc } from './preload.js'
import type { Host } from './host.js'

/** How a library was come by. */
export type LibrarySource = 'env' | 'preloaded' | 'system' | 'cache' | 'fetched'

/** One library to try. */
export interface Candidate {
  readonly path: string
  readonly source: LibrarySource
}

/** The candidates for jemalloc that is in the process already, without anything added. */
export function preloadedCandidates(host: Host, ldPreload: string | undefined): readonly Candidate[] {
  const entry = preloadedJemalloc(ldPreload) ?? host.mappedJemalloc ?? undefined
  return entry === undefined ? [] : [{ path: entry, source: 'preloaded' }]
}

/** The system's libraries: what ldconfig lists, the well-known folders, and what the loader finds by name. */
export function systemCandidates(
  host: Host,
  listing: string,
  libraryName: string,
  exists: (path: string) => boolean,
): readonly Candidate[] {
  const known = host.libraryFolders.map((folder) => `${folder}/${libraryName}`).filter(exists)
  const paths = [...listedLibraries(listing, libraryName), ...known, ...host.sonames]
  return [...new Set(paths)].map((path) => ({ path, source: 'system' }))
}

/** The paths of `libraryName` in the output of `ldconfig -p`. */
export function listedLibraries(listing: string, libraryName: string): readonly string[] {
  return listing
    .split('\n')
    .map((line) => line.trim().split(') => ', 2))
    .filter(([name = '', path = '']) => name.startsWith(`${libraryName} (`) && path.startsWith('/'))
    .map(([, path = '']) => path)
}
