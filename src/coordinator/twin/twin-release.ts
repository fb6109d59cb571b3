/**
 * One release in a twin, and what its end says about the row.
 *
 * Rule: no turn of the event loop follows there; what still waits for one is said in the row.
 */
import type { ReportWarning, RowError } from '../../report/types.js'
import { messageOf } from '../../support/errors.js'
import type { TwinContext } from '../../twin/child.js'
import type { RegisteredCache } from '../registry.js'
import { ReleaseCall } from '../run/release-call.js'
import { twinFirstTurn } from '../run/warnings.js'

/** A release that is still at work when its microtasks have run waits for something that never comes here. */
export interface TwinReleaseEnd {
  readonly status: 'released' | 'failed'
  readonly isPending: boolean
  readonly error?: RowError
}

/** Calls it, and runs microtasks until none is left. An error that it throws or rejects with is its end. */
export function releaseInTwin(
  cache: RegisteredCache,
  twin: TwinContext,
  duringRelease: (release: () => unknown) => unknown,
): TwinReleaseEnd {
  const failed = (error: unknown): TwinReleaseEnd => ({
    status: 'failed',
    isPending: false,
    error: { code: 'ERR_RELEASE_FAILED', message: messageOf(error) },
  })
  try {
    const call = new ReleaseCall(cache, 'twin')
    const returned = duringRelease(() => call.call())
    if (typeof (returned as { then?: unknown } | null | undefined)?.then !== 'function') {
      return { status: 'released', isPending: false }
    }
    let end: TwinReleaseEnd = { status: 'released', isPending: true }
    Promise.resolve(returned).then(
      () => (end = { status: 'released', isPending: false }),
      (error: unknown) => (end = failed(error)),
    )
    twin.runMicrotasks()
    return end
  } catch (error) {
    return failed(error)
  }
}

/**
 * A release that goes on in later turns often has dropped its entries by then: where the cache counts none any more the
 * row is whole, where it cannot tell the row says so, and where entries are left there is no row.
 */
export function rowVerdict(
  end: TwinReleaseEnd,
  entriesAfter: number | null,
): { readonly skip?: RowError; readonly warning?: (name: string) => ReportWarning } {
  if (!end.isPending || entriesAfter === 0) return {}
  if (entriesAfter === null) return { warning: twinFirstTurn }
  return {
    skip: {
      code: 'ERR_TWIN_ASYNC',
      message: `after its first turn ${String(entriesAfter)} entries are left, and in a twin no other follows`,
    },
  }
}
