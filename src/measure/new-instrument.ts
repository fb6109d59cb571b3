/** An instrument of this process's own allocator and V8, where no coordinator has one. */
import { openAllocator } from '../allocator/open.js'
import { nodeEnvironment } from '../support/environment.js'
import { openFinalizers } from './finalizers.js'
import { createSampler } from './sample.js'
import { watchThreads } from './threads.js'
import type { Instrument } from './window.js'

/** @throws CacheAttributionError `ERR_ADDON_BUNDLED`, `ERR_ADDON_FILE`, `ERR_GC_UNAVAILABLE` */
export function newInstrument(): Instrument {
  const environment = nodeEnvironment
  return {
    environment,
    sampler: createSampler(openAllocator(), environment),
    collector: environment.collector(),
    threads: watchThreads(environment),
    finalizers: openFinalizers(environment),
  }
}
