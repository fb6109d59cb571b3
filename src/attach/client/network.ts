/** The network of the other process: its inspector listens on its own loopback interface. */
import { joinNetwork } from '../../allocator/binding.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import type { TargetProcess } from './target-process.js'

/**
 * Enters the network of a process in a container, for everything that this command connects to from now on.
 *
 * @throws CacheAttributionError `ERR_ATTACH_NETWORK`
 */
export function enterNetwork(target: TargetProcess): void {
  if (target.sharesNamespace('net') !== false) return
  try {
    joinNetwork(`${target.folder}/ns/net`)
  } catch (error) {
    throw new CacheAttributionError(
      'ERR_ATTACH_NETWORK',
      `process ${String(target.pid)} is in another network namespace, which could not be entered (${messageOf(error)}): run the command as root, or in its container (docker exec, kubectl exec, kubectl debug)`,
      { cause: error },
    )
  }
}
