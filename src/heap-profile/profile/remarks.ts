/** Remarks for a reader of a dump, one sentence each. Pure. */
import { isTokenFrame, unnamedTokens } from './javascript-frames.js'
import type { JavaScriptNames } from './javascript-names.js'
import type { Frame, Mapping } from './types.js'

/** Remarks that a reader must know before the names. */
export function remarksOnAddresses(count: number, frames: readonly Frame[], mappings: readonly Mapping[]): string[] {
  if (count === 0) return []
  if (frames.length === 0) {
    return ['This profile has no stacks: the profiled process could not unwind them, and nothing says who allocated.']
  }
  const unknown = frames.filter((frame) => {
    return frame.mapping === null && frame.functions.length === 0 && !isTokenFrame(frame)
  }).length
  if (unknown === 0) return []
  if (mappings.length === 0) return ['This profile has no mapped libraries: its addresses cannot be named.']
  return [`${unknown} of ${frames.length} addresses are in no mapped library of this profile: they cannot be named.`]
}

/** The same of stacks of JavaScript. */
export function remarksOnJavaScript(count: number, frames: readonly Frame[], names: JavaScriptNames): string[] {
  if (count === 0) return []
  if (names.reason !== null) return [`Its stacks end where JavaScript begins: ${names.reason}.`]
  const unnamed = unnamedTokens(frames, names)
  return [
    ...(unnamed === 0
      ? []
      : [
          `${unnamed} stacks of JavaScript have no names in this dump: it was not written by this library, or was cut off.`,
        ]),
    ...(names.poolReason === null ? [] : [`Who asked for work on libuv’s pool is not known: ${names.poolReason}.`]),
  ]
}
