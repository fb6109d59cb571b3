/** The sampled memory that is live now, by a dump of jemalloc that has no name on the disk. */
import type { Mallctl } from '../../allocator/port.js'
import { readHeapProfile } from '../../heap-profile/profile/parse-heap-profile.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import type { Environment } from '../../support/environment.js'
import type { UnnamedFile } from '../../support/unnamed-file.js'
import { dumpInto, openTemporaryFile } from './dump-file.js'
import type { ResolvedProfilerOptions } from './options.js'

/** Dumps at once; what it returns reads the dump, which has no name on the disk. */
export function takeProfile(
  mallctl: Mallctl,
  { environment, temporaryFolder }: ResolvedProfilerOptions,
): () => Promise<HeapProfile> {
  const file = dumpUnnamed(mallctl, temporaryFolder)
  const takenAt = environment.date().toISOString()
  return async () => {
    try {
      return { ...(await readHeapProfile(file.path)), takenAt }
    } finally {
      file.close()
    }
  }
}

/** A dump in a file without a name; the caller closes it. */
export function dumpUnnamed(mallctl: Mallctl, temporaryFolder: string | undefined): UnnamedFile {
  const file = openTemporaryFile(temporaryFolder)
  try {
    dumpInto(mallctl, file)
    return file
  } catch (error) {
    file.close()
    throw error
  }
}

/** Collects garbage, so that only live memory is in a dump. A pause. */
export function collect(environment: Environment): void {
  const collector = environment.collector()
  collector.major()
  // It waits for the sweep of ArrayBuffers, so that what they held is given back.
  collector.minor()
}
