/** What the file of the native addon is called below native/: built on this system, or prebuilt for a system and its C library. */
import { existsSync } from 'node:fs'
import path from 'node:path'

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

/** `.glibc` or `.musl` by the loaders that there are; empty off Linux. */
export function libcOf({ platform, arch }: AddonPlatform): '.glibc' | '.musl' | '' {
  if (platform !== 'linux') return ''
  const name = { x64: 'x86_64', arm64: 'aarch64', arm: 'armhf', ia32: 'i386' }[arch] ?? arch
  const hasGlibc = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1'].some(isThere)
  return !hasGlibc && isThere(`/lib/ld-musl-${name}.so.1`) ? '.musl' : '.glibc'
}

/** Whether a file is there, as far as the permission model lets this process know. */
export function isThere(file: string): boolean {
  try {
    return existsSync(file)
  } catch {
    return false
  }
}
