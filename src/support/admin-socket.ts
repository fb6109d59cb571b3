/**
 * Where a process that was started with `auto` puts the socket of its admin endpoint, and how that of a process is found.
 *
 * Rule: on Linux the kernel says whose socket it is. A file that a dead process left, or that another user put there, is
 * never taken for it.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

/** In each of {@link socketFolders}; the user's id follows where the folder above it is everybody's. */
const FOLDER_NAME = 'cache-attribution'

/** The most that the kernel takes, without the zero at the end; 103 on macOS. */
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103

const SOCKET_PATH = /\/cache-attribution(?:-\d+)?\/\d+(?:-[\da-f]+)?\.sock$/
/** `__SO_ACCEPTCON` in the flags of /proc/net/unix: somebody listens. */
const LISTENING = 0x10000

/**
 * The folders in which the socket may lie, the best first: the one of the environment, that of the user's session, that of
 * temporary files, memory.
 */
export function socketFolders(env: NodeJS.ProcessEnv): string[] {
  const own = `${FOLDER_NAME}-${String(process.getuid?.() ?? 0)}`
  const session = env['XDG_RUNTIME_DIR'] ?? ''
  const folders = [
    ...(path.isAbsolute(session) ? [path.join(session, FOLDER_NAME)] : []),
    path.resolve(os.tmpdir(), own),
    ...(process.platform === 'linux' ? [path.join('/dev/shm', own)] : []),
  ]
  return [...new Set(folders)].filter((folder) => fits(socketIn(folder, process.pid)))
}

/** The socket of a process in one of these folders. */
export function socketIn(folder: string, pid: number): string {
  return path.join(folder, `${String(pid)}.sock`)
}

/** Whether the kernel takes a path of this length for a socket. */
export function fits(socketPath: string): boolean {
  return Buffer.byteLength(socketPath) <= PATH_BYTES_MAX
}

/**
 * The path of the unix socket on which process `pid` serves its admin endpoint (`http+unix`, base path `/debug/memory`), for
 * `http.request({ socketPath })`. A process of another container is reached through /proc. Null where it has none, is not
 * there, or is another user's.
 *
 * @example
 * const socketPath = await findAdminSocket(4711)
 * if (socketPath !== null) http.get({ socketPath, path: '/debug/memory/status', headers: { host: 'localhost' } })
 */
export async function findAdminSocket(pid: number, env: NodeJS.ProcessEnv = process.env): Promise<string | null> {
  if (process.platform === 'linux') return heldSocket(pid)
  for (const folder of socketFolders(env)) {
    const candidate = socketIn(folder, pid)
    if (await isServed(candidate)) return candidate
  }
  return null
}

/** Whether somebody listens there now. */
export function isServed(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath)
    const end = (isOpen: boolean): void => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => {
      end(true)
    })
    socket.once('error', () => {
      end(false)
    })
  })
}

/** The listening socket of this kind among the descriptors of the process. */
function heldSocket(pid: number): string | null {
  try {
    const held = socketInodes(pid)
    const listed = readFileSync(`/proc/${String(pid)}/net/unix`, 'utf8')
    const socketPath = listeningSockets(listed).find(({ inode }) => held.has(inode))?.path
    return socketPath === undefined ? null : reachable(pid, socketPath)
  } catch {
    return null
  }
}

function socketInodes(pid: number): Set<string> {
  const folder = `/proc/${String(pid)}/fd`
  const inodes = new Set<string>()
  for (const descriptor of readdirSync(folder)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(path.join(folder, descriptor)))?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  return inodes
}

/** The sockets of admin endpoints in the text of /proc/net/unix. Pure. */
export function listeningSockets(text: string): { readonly inode: string; readonly path: string }[] {
  return text.split('\n').flatMap((line) => {
    // Num RefCount Protocol Flags Type St Inode Path; the path may hold blanks.
    const fields = /^\S+: \S+ \S+ (?<flags>[\dA-F]+) \S+ \S+ +(?<inode>\d+) (?<path>\/.*)$/.exec(line)?.groups
    const { flags = '', inode = '', path: socketPath = '' } = fields ?? {}
    const isListening = (parseInt(flags, 16) & LISTENING) !== 0
    return isListening && SOCKET_PATH.test(socketPath) ? [{ inode, path: socketPath }] : []
  })
}

/** The path as this process sees it: through the other's root where the two do not see the same files. */
function reachable(pid: number, socketPath: string): string {
  const root = `/proc/${String(pid)}/root`
  const seesTheSame =
    linkOf(`/proc/${String(pid)}/ns/mnt`) === linkOf('/proc/self/ns/mnt') && linkOf(root) === linkOf('/proc/self/root')
  return seesTheSame ? socketPath : `${root}${socketPath}`
}

function linkOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
