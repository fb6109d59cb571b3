/**
 * Whether the kernel started this Node in secure mode (`AT_SECURE`): the loader then ignores LD_PRELOAD, and jemalloc its MALLOC_CONF.
 *
 * Rule: pure. The kernel's own word counts, and where that may not be read, the rule by which it decides.
 */
import type { Libc } from './types.js'

/** Why the start was a secure one: file capabilities, set-user-ID or set-group-ID bits, something else (a security module). */
export type SecureStart = 'capabilities' | 'user' | 'other'

/** The contents of the two files of /proc/self; null where they cannot be read. */
export interface StartFiles {
  readonly auxv: Buffer | null
  readonly status: string | null
}

/** A file that jemalloc reads also where it ignores MALLOC_CONF: a link whose target is the settings. */
export const MALLOC_CONF_FILE = 'ln -s prof:true,prof_active:false /etc/malloc.conf'

const AT_SECURE = 23n

/** null: an ordinary start, or one that nothing is known of. */
export function secureStartOf(
  { auxv, status }: StartFiles,
  arch: string,
  endianness: 'BE' | 'LE' = 'LE',
): SecureStart | null {
  const isSecure =
    auxv === null ? null : auxiliarySecure(auxv, ['arm', 'ia32', 'mips', 'mipsel'].includes(arch) ? 4 : 8, endianness)
  if (isSecure === 0n) return null
  const why = whyOf(status ?? '')
  return why ?? (isSecure === null ? null : 'other')
}

/** The value of AT_SECURE; null where it is not there. */
function auxiliarySecure(auxv: Buffer, width: 4 | 8, endianness: 'BE' | 'LE'): bigint | null {
  const wordAt = (at: number): bigint => {
    if (width === 8) return endianness === 'LE' ? auxv.readBigUInt64LE(at) : auxv.readBigUInt64BE(at)
    return BigInt(endianness === 'LE' ? auxv.readUInt32LE(at) : auxv.readUInt32BE(at))
  }
  for (let at = 0; at + 2 * width <= auxv.length; at += 2 * width) {
    if (wordAt(at) === AT_SECURE) return wordAt(at + width)
  }
  return null
}

/** The kernel's rule, by /proc/self/status. */
function whyOf(status: string): SecureStart | null {
  const fields = (name: string): readonly string[] =>
    new RegExp(`^${name}:[\\t ]*(\\S.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? []
  const [user, effectiveUser] = fields('Uid')
  const [group, effectiveGroup] = fields('Gid')
  if (user !== effectiveUser || group !== effectiveGroup) return 'user'
  const capabilities = (name: string): bigint => {
    const [word = ''] = fields(name)
    return /^[0-9a-f]+$/i.test(word) ? BigInt(`0x${word}`) : 0n
  }
  const gained = capabilities('CapPrm') & ~capabilities('CapAmb')
  return user !== undefined && user !== '0' && gained !== 0n ? 'capabilities' : null
}

/** Why nothing can be preloaded, and what fixes it. */
export function secureStartAdvice(
  why: SecureStart,
  execPath: string,
  libc: Libc | null,
): { readonly reason: string; readonly mend: string } {
  const file = libc === 'glibc' ? ['name the path of a libjemalloc in /etc/ld.so.preload (for every program here)'] : []
  return {
    reason: `the loader ignores LD_PRELOAD for ${execPath}, ${REASONS[why]}`,
    mend: [...CURES[why](execPath), ...file].join(', or ') || 'start a Node that is started as any other program',
  }
}

const REASONS: Readonly<Record<SecureStart, string>> = {
  capabilities: 'which has file capabilities',
  user: 'which changes its user or group as it starts (set-user-ID, set-group-ID)',
  other: 'which the kernel starts in secure mode (AT_SECURE), as for a security module',
}

const CURES: Readonly<Record<SecureStart, (execPath: string) => readonly string[]>> = {
  capabilities: (execPath) => [
    `take them off (setcap -r ${execPath}) and give the service ambient ones (systemd: AmbientCapabilities=, else setpriv --inh-caps … --ambient-caps …)`,
  ],
  user: (execPath) => [`take the bits off (chmod ug-s ${execPath}) and start it as the user that it is to be`],
  other: () => [],
}
