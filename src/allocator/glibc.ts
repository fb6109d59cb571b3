/**
 * glibc's malloc through `mallinfo2`: the fallback where no jemalloc is preloaded.
 *
 * Its thread caches (at most about 230 KB a thread) count as in use and cannot be subtracted; active, resident and
 * retained bytes are not known to it.
 */
import type { Allocator, NativeBinding } from './port.js'

/** The port's glibc implementation; `reason` says why it is not jemalloc. */
export function glibcAllocator(binding: NativeBinding, reason: string): Allocator {
  return {
    name: 'glibc',
    version: glibcVersion(),
    statistic: 'mallinfo2: uordblks + hblkhd',
    binding: binding.kind,
    reason,
    mallctl: null,
    readInto: (target) => {
      binding.readGlibc(target)
    },
  }
}

let version: string | null | undefined

function glibcVersion(): string | null {
  if (version === undefined) {
    const { header } = process.report.getReport() as unknown as { header?: { glibcVersionRuntime?: string } }
    version = header?.glibcVersionRuntime ?? null
  }
  return version
}
