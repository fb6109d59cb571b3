/**
 * Finalizers that wait for a turn of the event loop, run inside the turn that is measured: external Buffers of addons,
 * finalizers of Node-API, callbacks of a FinalizationRegistry. Otherwise they free their memory behind the window.
 *
 * Rule: nothing else of the service runs: no timer, no immediate, no promise. An error that a callback throws goes where it
 * goes in a turn of the loop, to the process's uncaught exceptions.
 */
import { addonOrNull } from '../allocator/binding.js'
import type { Environment } from '../support/environment.js'

/** The finalizers of this thread. */
export interface Finalizers {
  /**
   * Runs those that wait. True: what they dropped may need another collection; null: they cannot be run here, and go on
   * waiting for a turn.
   */
  run(): boolean | null
}

/** The finalizers of this thread; null without the addon. */
export function openFinalizers(environment: Environment): Finalizers | null {
  if (environment.runFinalizers !== undefined) return { run: () => environment.runFinalizers?.() ?? null }
  const binding = addonOrNull()
  if (binding === null) return null
  const handlesBytes = (): number => environment.globalHandlesBytes?.() ?? 0
  return {
    run: () => {
      const before = handlesBytes()
      const hasRunTasks = binding.runFinalizers()
      // A native finalizer that gives up a reference leaves its object to the next collection.
      return hasRunTasks === null ? null : hasRunTasks || handlesBytes() < before
    },
  }
}
