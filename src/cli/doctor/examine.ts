/**
 * Gathers the doctor's findings.
 *
 * Rule: nothing is inferred that can be tried. Whether `run` can measure is found out by starting a process the way
 * `run` does, and opening the allocator there.
 */
import { pathToFileURL } from 'node:url'
import { reasonAddonMissing } from '../../allocator/binding.js'
import { reasonFfiMissing } from '../../allocator/ffi-binding.js'
import { messageOf } from '../../support/errors.js'
import { besideCode } from '../../support/own-package.js'
import { supportsTwin } from '../../twin/support.js'
import { execute } from '../jemalloc/execute.js'
import { thisHost } from '../jemalloc/host.js'
import type { Host } from '../jemalloc/host.js'
import type { Libc } from '../jemalloc/types.js'
import type { SecureStart } from '../jemalloc/secure-start.js'
import type { LibrarySource } from '../jemalloc/candidates.js'
import { findJemalloc } from '../jemalloc/find-jemalloc.js'
import type { FoundJemalloc, MissingJemalloc } from '../jemalloc/find-jemalloc.js'
import { allocatorFacts } from './allocator-facts.js'
import type { AllocatorFacts } from './allocator-facts.js'

/** One thing that is there or is not. */
export interface Finding {
  readonly present: boolean
  /** The thing that is there, or why it is not. */
  readonly detail: string
  /** The command that fixes it; null where nothing needs mending. */
  readonly mend: string | null
}

/** The doctor's findings. Plain JSON, printed by `doctor --json`. */
export interface Examination {
  /** Whether `run` can measure with jemalloc. */
  readonly ready: boolean
  readonly node: { readonly version: string; readonly path: string }
  readonly platform: {
    readonly os: string
    readonly arch: string
    readonly libc: Libc | null
    readonly libcVersion: string | null
    /** Why the loader ignores LD_PRELOAD for this Node, and jemalloc MALLOC_CONF; null where they do not. */
    readonly secureStart: SecureStart | null
  }
  readonly addon: Finding
  readonly ffi: Finding
  /** The library for `run`. */
  readonly library: Finding & { readonly path: string | null; readonly source: LibrarySource | null }
  /** The allocator of this very process. */
  readonly here: AllocatorFacts
  /** The allocator of a process started by `run`; null where there is no library. */
  readonly underRun: AllocatorFacts | null
  /** Whether a process of this Node can attribute in a forked copy. */
  readonly twin: Finding
}

/** The surroundings of the examination. */
export interface ExamineOptions {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly log: (line: string) => void
  /** Whether a missing library is fetched now. */
  readonly fetch: boolean
  /** @default thisHost() */
  readonly host?: Host | undefined
}

const CHILD_TIMEOUT_MS = 20_000

/** Examines this machine, this process, and a process under jemalloc. Never rejects. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const host = options.host ?? thisHost()
  const found = await searchLibrary(options, host)
  const underRun = found.path === null ? null : await factsUnder(host, options.env, found)
  const ready = underRun?.name === 'jemalloc' && underRun.statistic !== null
  const { version, execPath: path } = process
  return {
    ready,
    node: { version, path },
    platform: {
      os: host.platform,
      arch: host.arch,
      libc: host.libc,
      libcVersion: host.libcVersion,
      secureStart: host.secureStart,
    },
    addon: addonFinding(),
    ffi: ffiFinding(),
    library: libraryFinding(found),
    here: allocatorFacts(),
    underRun,
    twin: twinFinding(),
  }
}

/** No fix here: the findings above name it, or it needs the machine's administrator. */
function twinFinding(): Finding {
  const { supported, reason } = supportsTwin()
  return { present: supported, detail: reason ?? 'a forked copy can be measured in place of this process', mend: null }
}

async function searchLibrary(options: ExamineOptions, host: Host): Promise<FoundJemalloc | MissingJemalloc> {
  try {
    return await findJemalloc({ ...options, host })
  } catch (error) {
    // Only CACHE_ATTRIBUTION_JEMALLOC is refused by throwing.
    const mend = 'correct CACHE_ATTRIBUTION_JEMALLOC, or unset it'
    return { path: null, code: 'ERR_JEMALLOC_NOT_FOUND', reason: messageOf(error), mend, fetchable: false }
  }
}

function libraryFinding(found: FoundJemalloc | MissingJemalloc): Examination['library'] {
  if (found.path === null) {
    // Not tried yet, needs no root, and fixes it for "run", too.
    const canFetch = found.fetchable && found.code === 'ERR_JEMALLOC_NOT_FOUND'
    const mend = canFetch ? `cache-attribution doctor --fetch (without root), or ${found.mend}` : found.mend
    return { present: false, detail: found.reason, mend, path: null, source: null }
  }
  const { path, source, facts } = found
  return { present: true, detail: `jemalloc ${facts.version}`, mend: null, path, source }
}

/** A module that NODE_OPTIONS preloads may write to the same output before. */
const ANSWER = '\ncache-attribution-facts:'

/** The options but for those of the inspector. */
function withoutInspector(options: string | undefined): string {
  const words = (options ?? '').match(/(?:[^\s"\\]|\\.|"(?:[^"\\]|\\.)*")+/g) ?? []
  return words.filter((word) => !word.startsWith('--inspect')).join(' ')
}

/** Starts a process as `run` would, and has it open its allocator. */
async function factsUnder(host: Host, env: NodeJS.ProcessEnv, found: FoundJemalloc): Promise<AllocatorFacts> {
  const script = `const { allocatorFacts } = await import(process.argv[1]); process.stdout.write(${JSON.stringify(ANSWER)} + JSON.stringify(allocatorFacts()))`
  const module = pathToFileURL(besideCode('cli/doctor/allocator-facts.js')).href
  const child: NodeJS.ProcessEnv = { ...env, LD_PRELOAD: found.preload ?? env['LD_PRELOAD'] }
  // As the program gets them: without its loaders a Yarn with Plug'n'Play finds no package. Its inspector's port is its own.
  const options = withoutInspector(env['NODE_OPTIONS'])
  if (options === '') Reflect.deleteProperty(child, 'NODE_OPTIONS')
  else child['NODE_OPTIONS'] = options
  const execution = await execute(host.execPath, ['--input-type=module', '-e', script, module], {
    env: child,
    timeoutMs: CHILD_TIMEOUT_MS,
  })
  try {
    const at = execution.stdout.lastIndexOf(ANSWER)
    if (execution.ok && at !== -1) return JSON.parse(execution.stdout.slice(at + ANSWER.length)) as AllocatorFacts
  } catch {
    // Falls through: something else wrote to its output.
  }
  const reason = `a process under ${found.path} did not answer: ${execution.failure || 'no JSON'}`
  return { name: 'unavailable', version: null, statistic: null, binding: null, reason, settings: null }
}

function addonFinding(): Finding {
  const missing = reasonAddonMissing()
  if (missing === null) return { present: true, detail: 'the native addon is loaded', mend: null }
  return { present: false, detail: missing.reason, mend: missing.cure }
}

function ffiFinding(): Finding {
  const missing = reasonFfiMissing()
  if (missing === null) return { present: true, detail: 'ffi-napi and ref-napi are loaded', mend: null }
  return { present: false, detail: missing.reason, mend: missing.cure }
}
