/**
 * Opens the addresses of the admin endpoint, and leaves no socket behind that nobody listens on.
 *
 * Rule: nothing here keeps the process alive, and nothing ends it: what cannot be opened is reported.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { isServed, socketFolders, socketIn } from '../support/admin-socket.js'
import { messageOf } from '../support/errors.js'
import type { ExtraAddress } from './settings.js'

/** Who connects: over a file that only this user can open, or over the network. */
export type ConnectionListener = (socket: net.Socket, isPrivate: boolean) => void

const PRIVATE_FOLDER = 0o700
const PRIVATE_FILE = 0o600
/** Sockets of dead processes that are removed at one start. */
const CLEANED_MAX = 100

/**
 * Listens on the socket that is found by the process's id, in the first folder that takes it.
 *
 * @returns its path
 * @throws Error where no folder takes it
 */
export async function listenById(env: NodeJS.ProcessEnv, onConnection: ConnectionListener): Promise<string> {
  const failures: string[] = []
  for (const folder of socketFolders(env)) {
    try {
      makePrivate(folder)
      await removeStale(folder)
      return await listenOnFile(await freePath(folder), onConnection)
    } catch (error) {
      failures.push(`${folder}: ${messageOf(error)}`)
    }
  }
  throw new Error(`no folder takes a socket (${failures.join('; ')})`)
}

/**
 * Listens where the environment says.
 *
 * @returns a URL, or the path of a socket
 * @throws Error of the system: `EADDRINUSE`, `EACCES` …
 */
export async function listenAt(address: ExtraAddress, onConnection: ConnectionListener): Promise<string> {
  if (address.kind === 'path') {
    // Another process may have left its socket there; one that is listened on stays, and is an error below.
    if (isSocket(address.path) && !(await isServed(address.path))) unlinkSync(address.path)
    return listenOnFile(address.path, onConnection)
  }
  const { host, port } = address
  const server = await listening({ host, port }, (socket) => {
    onConnection(socket, false)
  })
  const { port: given } = server.address() as net.AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(given)}`
}

async function listenOnFile(file: string, onConnection: ConnectionListener): Promise<string> {
  await listening({ path: file }, (socket) => {
    onConnection(socket, true)
  })
  chmodSync(file, PRIVATE_FILE)
  process.once('exit', () => {
    remove(file)
  })
  return file
}

function listening(
  where: { readonly path: string } | { readonly host: string; readonly port: number },
  onConnection: (socket: net.Socket) => void,
): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      socket.unref()
      onConnection(socket)
    })
    server.once('error', reject)
    // Exclusive: a worker of a cluster would have its primary listen.
    server.listen({ ...where, exclusive: true }, () => {
      server.off('error', reject)
      server.on('error', () => undefined)
      resolve(server)
    })
    server.unref()
  })
}

/** Makes the folder, and refuses one that others may enter or that is another user's. */
function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { mode: PRIVATE_FOLDER })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const { mode, uid } = lstatSync(folder)
  const isFolder = lstatSync(folder).isDirectory()
  const isOwn = process.getuid === undefined || uid === process.getuid()
  if (!isFolder || !isOwn) throw new Error("it is not this user's folder")
  // Of an older umask, or of somebody's hand.
  if (process.getuid !== undefined && (mode & 0o077) !== 0) chmodSync(folder, PRIVATE_FOLDER)
}

/** Removes sockets of processes that ended without a chance to. */
async function removeStale(folder: string): Promise<void> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sock'))
  for (const name of files.slice(0, CLEANED_MAX)) {
    const file = path.join(folder, name)
    if (isSocket(file) && !(await isServed(file))) remove(file)
  }
}

/** A process of another container may have the same id and the same folder. */
async function freePath(folder: string): Promise<string> {
  const file = socketIn(folder, process.pid)
  return (await isServed(file)) ? file.replace(/\.sock$/, `-${randomHex()}.sock`) : file
}

/** Six digits: who listens is known by the kernel, this only keeps two apart. */
function randomHex(): string {
  return Math.floor(Math.random() * 0x1000000)
    .toString(16)
    .padStart(6, '0')
}

function isSocket(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSocket() === true
}

function remove(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // Another process cleaned up first.
  }
}
