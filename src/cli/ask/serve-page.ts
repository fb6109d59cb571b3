/**
 * `attach --serve`: the admin page of a process that has no endpoint, on an address of this machine, until the command ends.
 *
 * Rule: the command alone listens; it does so before it enters another network, so that the page is where the operator is.
 */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolders } from '../../attach/client/addon-file.js'
import { Attachment } from '../../attach/client/attachment.js'
import { SERVED_PATH, servedHandler } from '../../attach/client/served-handler.js'
import type { ServeSettings, ServeStart } from '../../attach/protocol.js'
import { bearerToken, toNodeListener } from '../../http/index.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { quotedArgument, usageError } from '../arguments.js'
import type { CommandContext } from '../command.js'
import { EarlyEnd } from './early-end.js'

/** Where the page is to be. */
export interface ServeAddress {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/** How it is served. */
export interface ServeOptions {
  readonly address: ServeAddress
  readonly allowRelease: boolean
}

/** The agent takes ten seconds of silence for the command's death. */
const KEEP_ALIVE_MS = 2_000
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/

/** `PORT`, `HOST:PORT` or `[ADDRESS]:PORT`; true is a free port of this machine. @throws CacheAttributionError `ERR_COMMAND_USAGE` */
export function serveAddress(given: string | true): ServeAddress {
  if (given === true) return { host: '127.0.0.1', port: 0 }
  const parts = /^(?:(?:\[(?<v6>[\da-fA-F:.]{2,45})\]|(?<name>[\w.-]{1,253})):)?(?<port>\d{1,5})$/.exec(given)?.groups
  const port = Number(parts?.['port'] ?? NaN)
  if (!(port <= 65_535)) throw usageError(`"--serve" takes PORT or HOST:PORT, got ${quotedArgument(given)}`)
  return { host: parts?.['v6'] ?? parts?.['name'] ?? '127.0.0.1', port }
}

/**
 * Serves until the process or this command ends.
 *
 * @throws CacheAttributionError `ERR_COMMAND_USAGE`, `ERR_ATTACH_SERVE`, `ERR_ATTACH_*`
 */
export async function servePage(
  pid: number,
  { address, allowRelease }: ServeOptions,
  { env, print, log }: Pick<CommandContext, 'env' | 'print' | 'log'>,
): Promise<never> {
  const token = env['CACHE_ATTRIBUTION_TOKEN']
  if (token === undefined && !LOOPBACK.test(address.host)) {
    throw usageError(`"--serve" at ${address.host} is reached from other machines: set CACHE_ATTRIBUTION_TOKEN`)
  }
  const authorize = token === undefined ? undefined : bearerToken({ operator: token })
  const server = await listening(address)
  const attachment = await Attachment.open(pid, { progress: log }).catch((error: unknown) => {
    server.close()
    throw error
  })
  const earlyEnd = new EarlyEnd(() => attachment.close())
  try {
    const settings: ServeSettings = { allowRelease, folders: temporaryFolders(attachment.target) }
    const started = (await attachment.askQuietly('serve', { ...settings })) as ServeStart
    const ask = attachment.askQuietly.bind(attachment)
    const onError = (error: unknown): void => {
      log(messageOf(error))
    }
    const listener = toNodeListener(servedHandler(ask, { authorize, onError }))
    server.on('request', (request, response) => void listener(request, response))
    print(`${announcement(pid, server.address() as AddressInfo, started, allowRelease)}\n`)
    return await earlyEnd.guard(keptAlive(attachment, log))
  } finally {
    earlyEnd.stop()
    server.close()
    server.closeAllConnections()
    await attachment.close()
  }
}

async function listening({ host, port }: ServeAddress): Promise<http.Server> {
  const server = http.createServer()
  try {
    server.listen({ host, port })
    await once(server, 'listening')
    return server
  } catch (error) {
    throw new CacheAttributionError(
      'ERR_ATTACH_SERVE',
      `the page cannot be served at ${host}:${String(port)}: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  }
}

function announcement(
  pid: number,
  { address, family, port }: AddressInfo,
  { coordinators, caches }: ServeStart,
  allowRelease: boolean,
): string {
  const host = family === 'IPv6' ? `[${address}]` : address
  const which = coordinators > 1 ? `, of the coordinator with most caches, one of ${String(coordinators)}` : ''
  const what =
    caches === 0 ? 'no registered caches' : `${String(caches)} registered cache${caches === 1 ? '' : 's'}${which}`
  return [
    `The page of process ${String(pid)} (${what}): http://${host}:${String(port)}${SERVED_PATH}/`,
    allowRelease
      ? 'Caches may be released in the live process (--allow-release). Ctrl-C ends it, and leaves the process as it was.'
      : 'Everything is measured in copies of the process, which keeps every entry. Ctrl-C ends it, and leaves the process as it was.',
  ].join('\n')
}

/** Ends with the process, or with the connection to it; a process that is blocked for a while is waited for. */
async function keptAlive(attachment: Attachment, log: (text: string) => void): Promise<never> {
  for (let isSilent = false; ;) {
    await delay(KEEP_ALIVE_MS)
    try {
      await attachment.keepAlive()
      isSilent = false
    } catch (error) {
      if (!(error instanceof CacheAttributionError && error.code === 'ERR_ATTACH_BLOCKED')) throw error
      if (!isSilent) log(messageOf(error))
      isSilent = true
    }
  }
}
