/**
 * Which Linux distribution this is, and the one command that installs jemalloc there.
 *
 * Rule: pure; takes the text of os-release and returns names. What is not known is null, and has a general answer.
 */

/** Distributions that share a package manager and a package name. */
export type DistributionFamily = 'debian' | 'fedora' | 'suse' | 'alpine' | 'arch'

/** The fields of os-release that matter here. */
export interface Distribution {
  /** `ID`, e.g. `debian`; made of `a-z 0-9 . _ -` alone, since it becomes part of a file name. */
  readonly id: string
  /** `VERSION_ID`, e.g. `12`, in the same characters; empty for a rolling distribution. */
  readonly versionId: string
  readonly family: DistributionFamily | null
}

/** The obstacle between this platform and jemalloc, and the command that removes it. */
export interface InstallAdvice {
  /** Why preloading cannot work on this platform at all; null where an installed library would do. */
  readonly obstacle: string | null
  /** The command that fixes it. */
  readonly mend: string
}

/** Name of the variable that says which library to preload. */
export const LIBRARY_VARIABLE = 'CACHE_ATTRIBUTION_JEMALLOC'

/** Reads the text of /etc/os-release (shell-like assignments); anything unreadable in it is left out. */
export function distributionOf(osRelease: string): Distribution {
  const fields = new Map<string, string>()
  for (const line of osRelease.split('\n')) {
    const [, key, value] = /^([A-Z_]+)=(.*)$/.exec(line.trim()) ?? []
    if (key !== undefined && value !== undefined) fields.set(key, value.replace(/^(["'])(.*)\1$/, '$2'))
  }
  const id = fields.get('ID')?.toLowerCase() ?? ''
  const likes = (fields.get('ID_LIKE') ?? '').toLowerCase().split(/\s+/)
  return {
    id: fileNamePart(id) || 'linux',
    versionId: fileNamePart(fields.get('VERSION_ID') ?? ''),
    family: [id, ...likes].map((name) => FAMILIES.get(name)).find((family) => family !== undefined) ?? null,
  }
}

/** The line that installs jemalloc on this platform, or what stands in its way. */
export function installAdvice(platform: NodeJS.Platform, family: DistributionFamily | null): InstallAdvice {
  if (platform === 'darwin') {
    return {
      obstacle: 'macOS has no LD_PRELOAD: DYLD_INSERT_LIBRARIES does not simply replace its malloc zones',
      mend: 'measure on Linux, e.g. in a container (`brew install jemalloc` alone does not help)',
    }
  }
  if (platform !== 'linux') {
    return { obstacle: `${platform} has no LD_PRELOAD`, mend: 'measure on Linux, e.g. in a container or under WSL 2' }
  }
  if (family !== null) return { obstacle: null, mend: INSTALL_LINES[family] }
  return {
    obstacle: null,
    mend: `install jemalloc with the package manager of this system, or set ${LIBRARY_VARIABLE}=/path/to/libjemalloc.so.2`,
  }
}

const INSTALL_LINES: Record<DistributionFamily, string> = {
  debian: 'apt-get install libjemalloc2',
  fedora: 'dnf install jemalloc',
  suse: 'zypper install libjemalloc2',
  alpine: 'apk add jemalloc',
  arch: 'pacman -S jemalloc',
}

const FAMILIES: ReadonlyMap<string, DistributionFamily> = new Map<string, DistributionFamily>([
  ['debian', 'debian'],
  ['ubuntu', 'debian'],
  ['fedora', 'fedora'],
  ['rhel', 'fedora'],
  ['centos', 'fedora'],
  ['amzn', 'fedora'],
  ['suse', 'suse'],
  ['opensuse', 'suse'],
  ['sles', 'suse'],
  ['alpine', 'alpine'],
  ['arch', 'arch'],
])

/** Only what is harmless in a file name; no leading dot, so that `..` cannot come of it. */
function fileNamePart(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '')
    .replace(/^[.-]+/, '')
    .slice(0, 40)
}
