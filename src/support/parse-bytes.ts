/** Amounts of memory as people write them. */
import { CacheAttributionError, describe } from './errors.js'
import { number } from './options.js'

const SIZE = /^(\d+(?:\.\d+)?) ?(B|KB|KIB|MB|MIB|GB|GIB)?$/i
const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  KIB: 1024,
  MB: 1000 ** 2,
  MIB: 1024 ** 2,
  GB: 1000 ** 3,
  GIB: 1024 ** 3,
}

/**
 * Bytes from a number or a text such as `1 KiB`, `500 B`, `1.5 MB`.
 *
 * @throws CacheAttributionError `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`
 */
export function parseBytes(amount: unknown, name: string): number {
  if (typeof amount === 'number') return number({ min: 0, unbounded: true, max: Infinity })(amount, name)
  if (typeof amount !== 'string') {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `"${name}" must be bytes as a number, or a text such as '1 KiB', got ${describe(amount)}`,
    )
  }
  const [, digits, unit = 'B'] = SIZE.exec(amount.trim()) ?? []
  const bytes = Number(digits) * (UNIT_BYTES[unit.toUpperCase()] ?? NaN)
  if (digits !== undefined && Number.isFinite(bytes)) return bytes
  throw new CacheAttributionError(
    'ERR_OPTION_RANGE',
    `"${name}" must be a number with B, KB, KiB, MB, MiB, GB or GiB behind it, got ${describe(amount)}`,
  )
}
