/**
 * Discovers hoards: finds the large collections that nobody registered, empties each, and measures what comes back.
 *
 * Rule: it destroys what it measures, so it belongs into a process that nobody needs: a twin. It is synchronous from
 * end to end, runs none of the service's own code but the releases it is given, and what one hoard throws costs that
 * hoard's row only.
 */
import { performance } from 'node:perf_hooks'
import { QUANTITIES, UNREAD, byQuantity, knownSum, plus } from '../../measure/figures.js'
import type { ReportWarning, RowError } from '../../report/types.js'
import { hypotenuse, withTotal } from '../../report/whole.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { number, oneOf, resolveOptions, shaped } from '../../support/options.js'
import type { OptionRules } from '../../support/options.js'
import { formatCount } from '../../support/units.js'
import { explore } from './explore.js'
import type { Exploration } from './explore.js'
import type { FoundHoard, HoardPart } from './hoards.js'
import { emptyContainer } from './intrinsics.js'
import { recognise } from './known.js'
import type { Recognised } from './known.js'
import type {
  Discovery,
  DiscoverHoardsOptions,
  Hoard,
  MeasuredNoise,
  MeasuredRelease,
  RecognisedCache,
} from './types.js'

type Settings = Required<{ [K in keyof DiscoverHoardsOptions]: Exclude<DiscoverHoardsOptions[K], undefined> }>

const RULES: OptionRules<Settings> = {
  measure: { check: shaped('a function', (value) => typeof value === 'function'), fallback: unmeasured },
  noise: { check: shaped('an object', () => true), fallback: byQuantity(() => null) },
  limit: { check: number({ min: 1, max: 100, integer: true }), fallback: 10 },
  leastBytes: { check: number({ min: 1024 }), fallback: 64 * 1024 },
  known: { check: shaped('an array', Array.isArray), fallback: [] },
  paths: { check: oneOf('quick', 'none'), fallback: 'quick' },
  namingBudgetMs: { check: number({ min: 0 }), fallback: 30_000 },
}

/** This many times `limit` collections are measured: the largest by estimate need not be the largest. */
const MEASURED_FOR_EACH_LISTED = 2

/**
 * Finds, names, empties and measures. For a twin: afterwards the process's collections are empty.
 *
 * @throws CacheAttributionError `ERR_INSPECTOR`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`, `ERR_OPTION_UNKNOWN`
 */
export function discoverHoards(options: DiscoverHoardsOptions): FoundHoards {
  const settings = resolveOptions<Settings>('discover()', options, RULES)
  const { targets, leftovers, durationMs, ...found } = findTargets(settings)
  const startMs = performance.now()
  const noise = quietDown(settings)
  const recognised = leftovers.map((leftover) => measureLeftover(leftover, settings.measure, noise))
  // Parts first: what comes back of a hoard afterwards is without them.
  for (const target of targets.toSorted((a, b) => b.depth - a.depth || a.estimatedBytes - b.estimatedBytes)) {
    measureTarget(target, settings.measure)
  }
  const measuring = performance.now() - startMs
  return {
    hoards: rowsOf(targets, settings, noise),
    recognised,
    ...found,
    noise,
    durationMs: { ...durationMs, measuring },
  }
}

/** What emptying tells; owners are told by the graph of the heap. */
export type FoundHoards = Omit<Discovery, 'owners' | 'live'>

/** A hoard that is measured. Its containers are let go of as they are emptied. */
interface Target {
  readonly facts: Pick<FoundHoard, 'kind' | 'className' | 'route' | 'entries' | 'instances'>
  readonly estimatedBytes: number
  readonly parts: HoardPart[]
  readonly depth: number
  readonly outer: Target | null
  own: MeasuredRelease | null
  error: RowError | null
}

/** Holds nothing of the heap afterwards but the containers of the targets. */
function findTargets({ leastBytes, paths, namingBudgetMs, limit, known }: Settings): {
  readonly targets: Target[]
  readonly leftovers: readonly Recognised[]
  readonly warnings: readonly ReportWarning[]
  readonly examined: Discovery['examined']
  readonly durationMs: Exploration['durationMs']
} {
  const own = new Set<object>([known])
  const { hoards, caches, warnings, ...explored } = explore({ leastBytes, paths, namingBudgetMs, own, known })
  const { unknown, recognised, ...told } = recognise(hoards, caches)
  return {
    targets: targetsOf(unknown, limit * MEASURED_FOR_EACH_LISTED),
    leftovers: recognised,
    warnings: [...warnings, ...told.warnings],
    ...explored,
  }
}

/** The first `count` hoards that are no parts, and the parts of these. */
function targetsOf(hoards: readonly FoundHoard[], count: number): Target[] {
  const targets = new Map<FoundHoard, Target>()
  const wanted = new Set(hoards.filter(({ partOf }) => partOf === null).slice(0, count))
  const add = (hoard: FoundHoard): Target | null => {
    const done = targets.get(hoard)
    if (done !== undefined) return done
    const outer = hoard.partOf === null ? null : add(hoard.partOf)
    if (outer === null && !wanted.has(hoard)) return null
    const { kind, className, route, entries, instances, estimatedBytes, parts } = hoard
    const facts = { kind, className, route, entries, instances }
    const depth = outer === null ? 0 : outer.depth + 1
    const target = { facts, estimatedBytes, parts, depth, outer, own: null, error: null }
    targets.set(hoard, target)
    return target
  }
  for (const hoard of hoards) add(hoard)
  return [...targets.values()]
}

const NULL_WINDOWS = 2

/**
 * Windows in which nothing is released: what exploring leaves behind (compiled scripts of the inspector, V8's caches) goes
 * over several collections. The last one is also a control, and the noise is at least what it shows.
 */
function quietDown({ measure, noise }: Settings): MeasuredNoise {
  let last: MeasuredRelease = UNREAD
  for (let window = 0; window < NULL_WINDOWS; window++) last = measure(() => undefined)
  return byQuantity((quantity) => {
    const given = noise[quantity]
    return given === null ? null : Math.max(given, Math.abs(last[quantity] ?? 0))
  })
}

function measureTarget(target: Target, measure: Settings['measure']): void {
  target.own = measure(() => {
    target.error = emptyParts(target.parts)
  })
}

/** Of a cache that was released: what is in its collections still. */
function measureLeftover(
  { cache, hoard, isReleased }: Recognised,
  measure: Settings['measure'],
  noise: MeasuredNoise,
): RecognisedCache {
  const { route, kind, entries, parts } = hoard
  const told = { cache, path: route?.text ?? null, kind, entries }
  if (!isReleased) return { ...told, leftBehind: null }
  const left = measure(() => emptyParts(parts))
  return { ...told, leftBehind: { ...withTotal(left), ...certainty(left, noise) } }
}

function emptyParts(parts: HoardPart[]): RowError | null {
  const problems: string[] = []
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    try {
      const left = emptyContainer(part.value, part.kind)
      if (left > 0) problems.push(`${formatCount(left)} entries cannot be taken out (frozen or sealed)`)
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  return problems.length === 0 ? null : { code: 'ERR_HOARD_NOT_EMPTIED', message: problems.slice(0, 3).join('; ') }
}

/** The largest first, cut to the limit; parts stay with what they are parts of. */
function rowsOf(targets: readonly Target[], { limit, leastBytes }: Settings, noise: MeasuredNoise): Hoard[] {
  const released = new Map<Target, MeasuredRelease>()
  for (const target of targets) {
    for (let at: Target | null = target; at !== null; at = at.outer) released.set(at, sum(released.get(at), target.own))
  }
  const bytes = (target: Target): number => knownSum(released.get(target) ?? UNREAD)
  const sorted = targets.toSorted((a, b) => bytes(b) - bytes(a))
  const outermost = new Set(sorted.filter(({ outer }) => outer === null).slice(0, limit))
  // What gives hardly anything back is no hoard, whatever it was estimated at.
  const isWorthIt = (target: Target): boolean =>
    bytes(target) >= leastBytes ||
    (target.facts.route !== null &&
      bytes(target) >= leastBytes * LISTED_SHARE &&
      certainty(released.get(target) ?? UNREAD, noise).significant)
  const listed = sorted.filter(
    (target) => outermost.has(outermostOf(target)) && (target.error !== null || isWorthIt(target)),
  )
  return listed.map((target) => ({
    path: target.facts.route?.text ?? null,
    script: target.facts.route?.script ?? null,
    kind: target.facts.kind,
    className: target.facts.className,
    entries: target.facts.entries,
    instances: target.facts.instances,
    released: withTotal(released.get(target) ?? UNREAD),
    own: withTotal(target.own ?? UNREAD),
    ...certainty(released.get(target) ?? UNREAD, noise),
    partOf: target.outer === null ? null : listed.indexOf(target.outer),
    ...(target.error === null ? {} : { error: target.error }),
  }))
}

/** Of the least size that is sought: an estimate may be so much too high. */
const LISTED_SHARE = 0.5

function outermostOf(target: Target): Target {
  let at = target
  while (at.outer !== null) at = at.outer
  return at
}

function sum(a: MeasuredRelease | undefined, b: MeasuredRelease | null): MeasuredRelease {
  return a === undefined || b === null ? (a ?? b ?? UNREAD) : plus(a, b)
}

/** As for a row of the report: a quantity counts when it is beyond what null releases show. */
function certainty(released: MeasuredRelease, noise: MeasuredNoise): Pick<Hoard, 'uncertaintyBytes' | 'significant'> {
  const isBeyond = (bytes: number | null, bound: number | null): boolean =>
    bytes !== null && bound !== null && Math.abs(bytes) > bound
  return {
    uncertaintyBytes: hypotenuse(noise, released),
    significant: QUANTITIES.some((quantity) => isBeyond(released[quantity], noise[quantity])),
  }
}

function unmeasured(): MeasuredRelease {
  throw new CacheAttributionError('ERR_OPTION_TYPE', '"measure" must be a function, got undefined')
}
