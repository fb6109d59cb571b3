/** Whether a value is waited for by `await`. */

/** An object with a `then` method; functions that have one are taken for what they are. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
