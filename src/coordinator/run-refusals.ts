/** Why a run is not begun. */
import { CacheAttributionError } from '../support/errors.js'
import type { ErrorCode } from '../support/errors.js'
import { supportsTwin } from '../twin/support.js'

/**
 * A call that names no mode must not lose an entry where there is no twin.
 *
 * @throws CacheAttributionError `ERR_TWIN_UNSUPPORTED`
 */
export function checkDefaultMode(): void {
  const { reason } = supportsTwin()
  if (reason === null) return
  throw new CacheAttributionError(
    'ERR_TWIN_UNSUPPORTED',
    `${reason}. Nothing was released: ask for mode 'release', which empties the caches of this process, or for mode 'trim', which drops a part of each`,
  )
}

/** @param id of the run under way; undefined where it is another coordinator's or thread's */
export function runInProgress(id: string | undefined, isAborting = false): CacheAttributionError {
  const code: ErrorCode = 'ERR_RUN_IN_PROGRESS'
  return new CacheAttributionError(
    code,
    id === undefined
      ? 'another coordinator or thread of this process is measuring'
      : isAborting
        ? `run ${id} was aborted and comes to its end: wait for it`
        : `run ${id} with other options is under way: wait for its end, or call with the same options to join it`,
  )
}
