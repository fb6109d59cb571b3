/** The options by which `run` and `env` set up `auto`, as the variables that it reads. */
import path from 'node:path'
import { usageError } from './arguments.js'
import type { ArgumentRule } from './arguments.js'

/** Their rules. */
export const AUTO_OPTIONS = {
  auto: { kind: 'switch' },
  'allow-release': { kind: 'switch' },
  admin: { kind: 'text', what: 'an address: port, PORT, HOST:PORT or the absolute path of a socket' },
  history: { kind: 'text', what: 'a folder' },
  'black-box': { kind: 'text', what: 'a folder' },
} as const satisfies Readonly<Record<string, ArgumentRule>>

/** The settings of `auto`. */
export interface AutoOptions {
  /** Variables of the environment. */
  readonly variables: Readonly<Record<string, string>>
}

/** Null without `--auto`, and without `--black-box`, which goes with it. @throws CacheAttributionError `ERR_COMMAND_USAGE` */
export function readAuto(owner: string, options: ReadonlyMap<string, string | true>): AutoOptions | null {
  if (!options.has('auto') && !options.has('black-box')) {
    const stray = ['allow-release', 'admin', 'history'].find((name) => options.has(name))
    if (stray === undefined) return null
    throw usageError(`"--${stray}" of "${owner}" goes with --auto`)
  }
  const [admin, history, blackBox] = ['admin', 'history', 'black-box'].map((name) => options.get(name))
  return {
    variables: {
      ...(options.has('allow-release') ? { CACHE_ATTRIBUTION_ALLOW_RELEASE: '1' } : {}),
      ...(typeof admin === 'string' ? { CACHE_ATTRIBUTION_ADMIN: admin } : {}),
      ...(typeof history === 'string' ? { CACHE_ATTRIBUTION_HISTORY: path.resolve(history) } : {}),
      ...(typeof blackBox === 'string' ? { CACHE_ATTRIBUTION_BLACK_BOX: path.resolve(blackBox) } : {}),
    },
  }
}
