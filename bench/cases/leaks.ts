/** All leaks that are planted. */
import { leaks as ofCode } from './held-by-code.js'
import { leaks as ofCollections } from './collections.js'
import type { Leak } from './leak.js'
import { leaks as ofMemory } from './memory.js'
import { leaks as ofScopes } from './scopes.js'
import { leaks as ofStreams } from './streams.js'
import { leaks as ofWaiting } from './waiting.js'

export const leaks: readonly Leak[] = [
  ...ofCode,
  ...ofCollections,
  ...ofMemory,
  ...ofWaiting,
  ...ofScopes,
  ...ofStreams,
]
