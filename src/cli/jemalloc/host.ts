/**
 * Facts about this machine that the search for jemalloc depends on, in one object: tests replace any of them.
 */
import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { secureStartOf } from './secure-start.js'
import type { SecureStart } from './secure-start.js'
import type { Libc } from './types.js'

/** The machine, as the search sees it. */
export interface Host {
  readonly platform: NodeJS.Platform
  /** `process.arch`. */
  readonly arch: string
  readonly libc: Libc | null
  /** glibc's version; null for others. */
  readonly libcVersion: string | null
  /** The Node that `run` starts, and that every library is tried with. */
  readonly execPath: string
  /** The text of /etc/os-release; empty where there is none. */
  readonly osRelease: string
  /** The libjemalloc that is mapped into this process, by whichever way it came; null where none is. */
  readonly mappedJemalloc: string | null
  /** Why the loader ignores LD_PRELOAD for this Node; null where it does not. */
  readonly secureStart: SecureStart | null
  /** Where `ldconfig` may be; it is seldom in a user's PATH. */
  readonly ldconfigPaths: readonly string[]
  /** Folders in which distributions put libjemalloc. */
  readonly libraryFolders: readonly string[]
  /** Names to try in the loader's own search path. */
  readonly sonames: readonly string[]
}

/** File name of every jemalloc since 4.0 on Linux. */
export const LIBRARY_NAME = 'libjemalloc.so.2'

/** The facts about the machine this runs on. */
export function thisHost(): Host {
  const linux = process.platform === 'linux'
  const libcVersion = linux ? glibcVersion() : null
  return {
    platform: process.platform,
    arch: process.arch,
    libc: linux ? (libcVersion === null ? 'musl' : 'glibc') : null,
    libcVersion,
    execPath: process.execPath,
    osRelease: linux ? readText('/etc/os-release') || readText('/usr/lib/os-release') : '',
    mappedJemalloc: linux ? mappedJemalloc(readText('/proc/self/maps')) : null,
    secureStart: linux ? secureStart() : null,
    ldconfigPaths: linux ? ['/sbin/ldconfig', '/usr/sbin/ldconfig'] : [],
    libraryFolders: linux ? libraryFolders(process.arch) : [],
    sonames: linux ? [LIBRARY_NAME] : [],
  }
}

/** Debian's and Ubuntu's folder first, then Fedora's and SUSE's, Alpine's and Arch's, then self-built ones. */
export function libraryFolders(arch: string): readonly string[] {
  const triplet = DEBIAN_TRIPLETS[arch]
  const debian = triplet === undefined ? [] : [`/usr/lib/${triplet}`]
  return [...debian, '/usr/lib64', '/usr/lib', '/usr/local/lib64', '/usr/local/lib']
}

/** The path of a libjemalloc in the text of /proc/self/maps. */
export function mappedJemalloc(maps: string): string | null {
  for (const line of maps.split('\n')) {
    const path = line.slice(Math.max(0, line.indexOf('/')))
    if (path.slice(path.lastIndexOf('/')).startsWith('/libjemalloc')) return path
  }
  return null
}

const DEBIAN_TRIPLETS: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  ia32: 'i386-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
}

/** From Node's diagnostic report, without its network section: that one asks the DNS about every open socket. */
function glibcVersion(): string | null {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean }
  const before = report.excludeNetwork
  report.excludeNetwork = true
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  report.excludeNetwork = before ?? false
  return header.glibcVersionRuntime ?? null
}

/** Of this process: the programs that `run` starts are of the same file and user. */
function secureStart(): SecureStart | null {
  let auxv: Buffer | null = null
  try {
    auxv = readFileSync('/proc/self/auxv')
  } catch {
    // Not for a process that may not be traced.
  }
  return secureStartOf({ auxv, status: readText('/proc/self/status') }, process.arch, endianness())
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
