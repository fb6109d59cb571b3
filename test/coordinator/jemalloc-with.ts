/** A jemalloc whose controls have these values and no others. */
import type { Allocator, Mallctl } from '../helpers/internals/allocator.js'
import { unavailableAllocator } from '../helpers/internals/allocator.js'

export function jemallocWith(version: string, values: Readonly<Record<string, number>>): Allocator {
  return {
    ...unavailableAllocator('a test'),
    name: 'jemalloc',
    version,
    mallctl: {
      read: (key: string) => {
        const value = values[key]
        if (value === undefined) throw new Error(`no ${key}`)
        return value
      },
    } as unknown as Mallctl,
  }
}
