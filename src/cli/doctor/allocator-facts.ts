/**
 * The allocator's report of itself in the process that calls this; the doctor asks it here and in a child under jemalloc.
 */
import { openAllocator } from '../../allocator/open.js'
import type { Allocator } from '../../allocator/port.js'
import { messageOf } from '../../support/errors.js'

/** The allocator of one process. Plain JSON: it comes from a child too. */
export interface AllocatorFacts {
  readonly name: string
  readonly version: string | null
  readonly statistic: string | null
  readonly binding: string | null
  readonly reason: string | null
  /** jemalloc's settings; null for others. A setting that this build does not know is null. */
  readonly settings: {
    /** mallctl `config.stats`: built with statistics. */
    readonly configStats: boolean | null
    /** mallctl `config.prof`: built with heap profiling. */
    readonly configProf: boolean | null
    /** mallctl `opt.prof`: heap profiling was enabled at start, by MALLOC_CONF=prof:true. */
    readonly optProf: boolean | null
  } | null
}

/** Opens the allocator as a coordinator does, and reads its settings. Never throws. */
export function allocatorFacts(): AllocatorFacts {
  try {
    const allocator = openAllocator()
    const { name, version, statistic, binding, reason, mallctl } = allocator
    const setting = (key: string): boolean | null => readSetting(mallctl, key)
    const settings =
      mallctl === null
        ? null
        : {
            configStats: setting('config.stats'),
            configProf: setting('config.prof'),
            optProf: setting('opt.prof'),
          }
    return { name, version, statistic, binding, reason, settings }
  } catch (error) {
    const reason = messageOf(error)
    return { name: 'unavailable', version: null, statistic: null, binding: null, reason, settings: null }
  }
}

function readSetting(mallctl: Allocator['mallctl'], key: string): boolean | null {
  try {
    return mallctl?.read(key, 'bool') ?? null
  } catch {
    return null
  }
}
