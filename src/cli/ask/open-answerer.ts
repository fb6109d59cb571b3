/**
 * Finds out who answers for a target: an admin endpoint by its URL, the one that a process with `auto` has on a socket, or an
 * agent that is brought into the process.
 */
import { Attachment } from '../../attach/client/attachment.js'
import { CacheAttributionError, codeOf, reasonOf } from '../../support/errors.js'
import { findAdminSocket } from '../../support/admin-socket.js'
import { quotedArgument, usageError } from '../arguments.js'
import type { CommandContext } from '../command.js'
import { AdminClient, adminUrl } from '../../support/admin-client.js'
import type { Answerer } from './answerer.js'
import { EarlyEnd } from './early-end.js'
import { AttachAnswerer } from './over-attach.js'
import { HttpAnswerer } from './over-http.js'

/** A process by its id, or an endpoint by its URL. */
export type Target = { readonly pid: number } | { readonly url: URL }

/** @throws CacheAttributionError `ERR_COMMAND_USAGE` */
export function targetOf(owner: string, text: string | undefined): Target {
  if (text === undefined) throw usageError(`"${owner}" needs the id of a process or the URL of an admin endpoint`)
  if (/^[1-9]\d{0,9}$/.test(text)) return { pid: Number(text) }
  const url = adminUrl(text)
  if (url !== null) return { url }
  throw usageError(`"${owner}" takes the id of a process or an http or https URL, got ${quotedArgument(text)}`)
}

/**
 * Runs `task` with the answerer, and releases the process behind it, also if this command ends before that is done.
 *
 * @throws CacheAttributionError `ERR_ATTACH_*`, `ERR_ADMIN_ANSWER`, and what the process itself refuses
 */
export async function withAnswerer<T>(
  { env, log }: Pick<CommandContext, 'env' | 'log'>,
  target: Target,
  task: (answerer: Answerer) => Promise<T>,
): Promise<T> {
  const answerer = await openAnswerer(target, env['CACHE_ATTRIBUTION_TOKEN'], log)
  const earlyEnd = new EarlyEnd(() => answerer.close())
  try {
    return await earlyEnd.guard(task(answerer))
  } catch (error) {
    throw withoutCopy(error, target)
  } finally {
    earlyEnd.stop()
    await answerer.close()
  }
}

/** The error with what can be asked all the same: where there is no memory for a copy of a process, a breakdown needs none. */
export function withoutCopy(error: unknown, target: Target): unknown {
  if (codeOf(error) !== 'ERR_TWIN_MEMORY' || !('pid' in target)) return error
  const cure = `"cache-attribution breakdown ${String(target.pid)}" shows where its memory is without a copy`
  return new CacheAttributionError('ERR_TWIN_MEMORY', `${reasonOf(error)}; ${cure}`, { cause: error })
}

async function openAnswerer(target: Target, token: string | undefined, log: (text: string) => void): Promise<Answerer> {
  if ('url' in target) return new HttpAnswerer(new AdminClient({ url: target.url }, token), log)
  const socketPath = await findAdminSocket(target.pid)
  if (socketPath !== null) return new HttpAnswerer(new AdminClient({ socketPath }, token), log)
  return new AttachAnswerer(await Attachment.open(target.pid, { progress: log }))
}
