/**
 * Exploring: census, variables, holders, names; then nothing of it is held any more but the hoards' own containers.
 *
 * Rule: this runs before the first measurement and leaves no object, no session and no compiled script of its own behind.
 */
import { performance } from 'node:perf_hooks'
import type { ReportWarning } from '../../report/types.js'
import { objectsBehind } from './behind.js'
import type { CacheObjects } from './behind.js'
import { takeCensus } from './census.js'
import { findHoards } from './hoards.js'
import type { FoundHoard } from './hoards.js'
import { findHolders } from './holders.js'
import type { Links } from './holders.js'
import { HeapInspector } from './inspector.js'
import { loadedModules, knowledgeOf } from './knowledge.js'
import { ObjectReader } from './object-reader.js'
import type { Knowledge } from './route.js'
import type { KnownCache } from './types.js'
import { readVariables } from './variables.js'
import type { VariableHomes } from './variables.js'

/** What exploring found. */
export interface Exploration {
  /** The largest first, by estimate. */
  readonly hoards: FoundHoard[]
  /** The registered caches, by their objects. */
  readonly caches: readonly CacheObjects[]
  readonly examined: { readonly objects: number; readonly collections: number }
  readonly durationMs: { readonly census: number; readonly naming: number }
  readonly warnings: readonly ReportWarning[]
}

/** What it is told. */
export interface ExploreSettings {
  readonly leastBytes: number
  readonly paths: 'quick' | 'none'
  readonly namingBudgetMs: number
  /** Objects of the caller that are no hoards: lists of its own. */
  readonly own: ReadonlySet<object>
  /** Registered caches. */
  readonly known: readonly KnownCache[]
}

/** @throws CacheAttributionError `ERR_INSPECTOR`, `ERR_TWIN_UNSUPPORTED` */
export function explore(settings: ExploreSettings): Exploration {
  const reader = new ObjectReader()
  const inspector = new HeapInspector()
  try {
    const startMs = performance.now()
    const deadlineMs = startMs + settings.namingBudgetMs
    const objects = inspector.objectsOf(Object.prototype)
    reader.vet(objects)
    const listedMs = performance.now()
    const own = new Set<object>([...settings.own, ...reader.own, objects, globalThis, process.env, loadedModules()])
    const variables = settings.paths === 'none' ? NO_VARIABLES : variablesOf(objects, { inspector, reader }, deadlineMs)
    const readMs = performance.now()
    const census = takeCensus(objects, {
      leastBytes: settings.leastBytes,
      reader,
      isOwn: (value) => own.has(value),
      heldByVariables: variables.homes.keys(),
    })
    const countedMs = performance.now()
    const suspects = census.suspects.map(({ value }) => value)
    const names =
      settings.paths === 'none'
        ? NO_NAMES
        : namesOf(objects, suspects, { inspector, reader, homes: variables.homes }, deadlineMs)
    const caches = objectsBehind(settings.known, { inspector, reader })
    const cached = new Set(caches.flatMap(({ whole }) => [...whole]))
    const hoards = findHoards(census.suspects, names.links, names.knowledge, reader, cached)
    return {
      // What belongs to Node itself is not emptied: what comes after would run on without it.
      hoards: hoards.filter(({ route }) => route?.script?.startsWith('node:') !== true),
      caches,
      examined: { objects: objects.length, collections: census.collections },
      durationMs: {
        census: listedMs - startMs + countedMs - readMs,
        naming: readMs - listedMs + performance.now() - countedMs,
      },
      warnings: [
        ...unreadable(census.unreadable),
        ...(variables.complete && names.complete ? [] : [cutOff(settings.namingBudgetMs)]),
      ],
    }
  } finally {
    inspector.close()
  }
}

interface Sources {
  readonly inspector: HeapInspector
  readonly reader: ObjectReader
}

interface Names {
  readonly links: Links
  readonly knowledge: Knowledge
  readonly complete: boolean
}

const NO_VARIABLES: ReturnType<typeof readVariables> = { homes: new Map(), complete: true }
const NO_NAMES: Names = { links: new Map(), knowledge: { rootsOf: () => [], classRootOf: () => null }, complete: true }

function variablesOf(
  objects: readonly object[],
  { inspector, reader }: Sources,
  deadlineMs: number,
): ReturnType<typeof readVariables> {
  const functions = objects.filter((value) => typeof value === 'function')
  return readVariables(functions, inspector, reader, () => true, { now: () => performance.now(), deadlineMs })
}

function namesOf(
  objects: readonly object[],
  suspects: readonly object[],
  { inspector, reader, homes }: Sources & { readonly homes: VariableHomes },
  deadlineMs: number,
): Names {
  const knowledge = knowledgeOf({ inspector, scripts: inspector.scripts(), homes, reader })
  const { links, complete } = findHolders(suspects, {
    objects,
    reader,
    inspector,
    isRoot: (value: object) => knowledge.rootsOf(value).some(({ isLasting }) => isLasting),
    isPastDeadline: () => performance.now() > deadlineMs,
  })
  return { links, knowledge, complete }
}

function unreadable(count: number): ReportWarning[] {
  if (count === 0) return []
  const message = `${String(count)} objects could not be looked into (objects of another context, exotic objects)`
  return [{ code: 'WARN_HOARD_UNREADABLE', message }]
}

function cutOff(budgetMs: number): ReportWarning {
  const message = `names were sought for ${String(budgetMs)} ms and not to the end: paths may be missing or short`
  return { code: 'WARN_HOARD_NAMES', message }
}
