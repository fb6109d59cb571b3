/** The package that writes profile.proto: an optional peer, loaded when a profile of that kind is written. */
import type * as PprofFormat from 'pprof-format'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { requireOptional } from '../../support/own-package.js'

/** The package. @throws CacheAttributionError `ERR_PPROF_FORMAT_MISSING` */
export function loadPprofFormat(): typeof PprofFormat {
  try {
    return requireOptional('pprof-format') as typeof PprofFormat
  } catch (error) {
    const message = `pprof files need the package pprof-format (npm install pprof-format): ${messageOf(error)}`
    throw new CacheAttributionError('ERR_PPROF_FORMAT_MISSING', message, { cause: error })
  }
}
