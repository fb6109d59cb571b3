/** An owner as the walk of a heap gives it: a Map of ten entries, alone in its path, unless `rest` says otherwise. */
import type { RawOwner } from '../../helpers/internals/allocator.js'

export function rawOwner(path: string, ownBytes: number, rest: Partial<RawOwner> = {}): RawOwner {
  return {
    className: 'Map',
    path,
    script: 'file:///app/server.js',
    label: '',
    instances: 1,
    ownBytes,
    memoryBytes: 0,
    kindBytes: [ownBytes],
    item: 0,
    siteName: '',
    siteScript: '',
    siteLine: 0,
    functions: 0,
    entries: 10,
    partOf: -1,
    known: -1,
    ...rest,
  }
}
