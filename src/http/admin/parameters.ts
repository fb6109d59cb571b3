/** The parameters of the admin API, by purpose. */
import type { ParameterKinds } from '../server/parameters.js'

/** Those of a run. */
export const RUN_PARAMETERS = {
  mode: 'text',
  fraction: 'number',
  choice: 'text',
  only: 'names',
  except: 'names',
  controls: 'number',
  twins: 'number',
  discover: 'number',
  breakdown: 'flag',
  budget: 'object',
} as const satisfies ParameterKinds
/** Those of the release of one cache. */
export const RELEASE_PARAMETERS = { controls: 'number', budget: 'object' } as const satisfies ParameterKinds
/** That of an address of one cache. */
export const CACHE_PARAMETERS = { name: 'text' } as const satisfies ParameterKinds
/** Those of a discovery. */
export const DISCOVER_PARAMETERS = {
  limit: 'number',
  leastBytes: 'number',
  threads: 'flag',
  budget: 'limits',
} as const satisfies ParameterKinds
/** Those of a heap snapshot. */
export const SNAPSHOT_PARAMETERS = {
  histogram: 'flag',
  limit: 'number',
  retained: 'flag',
} as const satisfies ParameterKinds
