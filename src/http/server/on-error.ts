/** The mounting code's `onError`, called so that whatever it does stays its own. */
import { warnOfError } from '../../support/errors.js'

/** Called with errors that the client does not see. */
export type OnError = (error: unknown) => void

/** Never throws: what `onError` throws or rejects with is a warning of the process, beside the error that it did not take. */
export function guarded(onError: (error: unknown) => unknown): OnError {
  return (error) => {
    const failed = (ofHandler: unknown): void => {
      warn(error)
      warn(ofHandler)
    }
    try {
      const result = onError(error)
      // Some handlers are asynchronous, although nothing waits for them.
      if (typeof result === 'object' && result !== null) Promise.resolve(result).catch(failed)
    } catch (ofHandler) {
      failed(ofHandler)
    }
  }
}

function warn(error: unknown): void {
  try {
    warnOfError(error)
  } catch {
    // There is nobody left to tell.
  }
}
