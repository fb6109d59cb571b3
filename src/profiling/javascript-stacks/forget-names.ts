/**
 * Forgets names that no sample has any more. The same call is a new token after each major GC, so that names would pile up in a
 * process that is profiled for weeks.
 *
 * Rule: what lives is what jemalloc's own dump has, and what came since that dump was begun. A stack that was seen before gets a
 * new token after it, in every thread: its old one may have lost its names.
 */
import type { JavaScriptStacksBinding, Mallctl } from '../../allocator/port.js'
import { openUnnamedFile } from '../../support/unnamed-file.js'

/** Names from which on it is worth a dump: some 10 MB. */
const MANY = 200_000

let next = MANY

/** Where there are many names, dumps the profile into a file without a name, and forgets those that it does not have. */
export function forgetNames(stacks: JavaScriptStacksBinding, mallctl: Mallctl, least = next): void {
  if ((stacks.counts()[4] ?? 0) < least) return
  const from = stacks.beginForgetting()
  try {
    const file = openUnnamedFile()
    try {
      mallctl.write('prof.dump', 'string', file.path)
      stacks.forget(file.descriptor, from)
    } finally {
      file.close()
    }
  } catch {
    // A full disk: they stay a while longer.
  }
  // Live tokens may be many, and are not looked for every second.
  next = Math.max(MANY, 2 * (stacks.counts()[4] ?? 0))
}
