/** The file name of the native addon below native/: built on this system, or prebuilt for a system and its C library. */
import { closeSync, existsSync, openSync, readSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** A program's headers and the name of its loader are in the first page. */
const INTERPRETER_WITHIN = 4096

/** The system that it is to be loaded on. */
export interface AddonPlatform {
  readonly platform: string
  readonly arch: string
}

/** The files that may be there, the best first. A system may have both C libraries, so what is for the other one stands last. */
export function addonFiles(folder: string, { platform, arch }: AddonPlatform): readonly string[] {
  const prebuilt = (libc: string): string =>
    path.join(folder, 'prebuilds', `${platform}-${arch}`, `cache-attribution.napi${libc}.node`)
  const own = libcOf({ platform, arch })
  const libcs = own === '' ? [''] : [own, own === '.musl' ? '.glibc' : '.musl']
  return [path.join(folder, 'build', 'Release', 'cache_attribution.node'), ...libcs.map(prebuilt)]
}

/**
 * `.glibc` or `.musl`; empty off Linux. The program says which of the two it is linked with, since a system may have both (gcompat on
 * Alpine); where it cannot be read, the loaders that there are decide.
 */
export function libcOf({ platform, arch }: AddonPlatform, program = process.execPath): '.glibc' | '.musl' | '' {
  if (platform !== 'linux') return ''
  const interpreter = interpreterOf(program)
  if (interpreter !== null) return interpreter.startsWith('ld-musl-') ? '.musl' : '.glibc'
  const name = { x64: 'x86_64', arm64: 'aarch64', arm: 'armhf', ia32: 'i386' }[arch] ?? arch
  const hasGlibc = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1'].some(isThere)
  return !hasGlibc && isThere(`/lib/ld-musl-${name}.so.1`) ? '.musl' : '.glibc'
}

/** The name of a program's loader, which stands near its start; null where it is linked statically or cannot be read. */
function interpreterOf(program: string): string | null {
  try {
    const file = openSync(program, 'r')
    try {
      const start = Buffer.alloc(INTERPRETER_WITHIN)
      const bytes = readSync(file, start, 0, start.length, 0)
      return /\/(ld-(?:musl-|linux)[\w.-]*)\0/.exec(start.toString('latin1', 0, bytes))?.[1] ?? null
    } finally {
      closeSync(file)
    }
  } catch {
    return null
  }
}

/** Says that there is none for this process, and for which systems there are. `folder` is native/, null where code is bundled. */
export function noBuildIn(folder: string | null): string {
  const libc = libcOf(process).replace('.', '')
  const system = `${process.platform}-${process.arch}${libc === '' ? '' : ` (${libc})`}`
  const there = folder === null ? [] : prebuiltSystems(folder)
  const instead = there.length === 0 ? '' : `, which has those of ${there.join(', ')}`
  return `no native build was found for ${system}${folder === null ? '' : ` in ${folder}`}${instead}`
}

/** Systems that this package has a prebuilt addon for, as `linux-arm64 (musl)`. */
export function prebuiltSystems(folder: string): readonly string[] {
  try {
    const prebuilds = path.join(folder, 'prebuilds')
    return readdirSync(prebuilds).flatMap((system) =>
      readdirSync(path.join(prebuilds, system)).map((file) => {
        const libc = /\.napi\.(\w+)\.node$/.exec(file)?.[1]
        return libc === undefined ? system : `${system} (${libc})`
      }),
    )
  } catch {
    return []
  }
}

/** Whether a file is there, as far as the permission model lets this process know. */
export function isThere(file: string): boolean {
  try {
    return existsSync(file)
  } catch {
    return false
  }
}
