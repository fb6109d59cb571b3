/**
 * By what an owner is known again in another observation, of another process even: its script, its path and its class. Pure.
 *
 * Rule: an owner without a path is nobody in particular: two of them are never taken for one.
 */
import type { Owner } from './types.js'

/** The name of an owner. */
export interface OwnerIdentity {
  readonly script: string | null
  readonly path: string
  readonly className: string
}

/** Of an owner that came from a file or another process, perhaps of another version; null where it has none. */
export function ownerIdentity(owner: unknown): OwnerIdentity | null {
  if (typeof owner !== 'object' || owner === null) return null
  const { script, path, className } = owner as Partial<Record<keyof Owner, unknown>>
  if (typeof path !== 'string' || typeof className !== 'string') return null
  return typeof script === 'string' || script === null ? { script, path, className } : null
}

/** One text for each identity. */
export function ownerKey({ script, path, className }: OwnerIdentity): string {
  return JSON.stringify([script, path, className])
}

/** `server.js › UserStore.byId` */
export function ownerName({ script, path }: Pick<OwnerIdentity, 'script' | 'path'>): string {
  if (script === null) return path
  const base = script.startsWith('node:')
    ? script
    : script.slice(Math.max(script.lastIndexOf('/'), script.lastIndexOf('\\')) + 1)
  return `${base} › ${path}`
}

/** The bytes that would go if it went; null where that is no number. */
export function ownerBytes(owner: unknown): number | null {
  const { retained } = (owner ?? {}) as { retained?: { totalBytes?: unknown } | null }
  const bytes = retained?.totalBytes
  return typeof bytes === 'number' && Number.isFinite(bytes) ? bytes : null
}
