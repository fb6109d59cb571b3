/**
 * Who holds the resident memory: caches, owners, packages, parts of the engine, free memory and garbage, in rows that add up to
 * RSS. Pure.
 *
 * Rule: a breakdown gives what there is, and what was found of holders only divides it. What no holder is known of is one row.
 */
import { fitInto } from '../breakdown/share.js'
import { wholeOf } from '../whole.js'
import { REST_KEY, graphClaims } from './graph-claims.js'
import { emptyHolding, partsOfTree } from './tree-parts.js'
import type { TreeParts } from './tree-parts.js'
import type { Holding, HoldingKind, Holdings, HoldingsInput } from './types.js'

/** Rows of a kind are folded into one where they are less than this share of RSS, or more than so many. */
const FOLDED: { readonly share: number; readonly most: number } = { share: 0.004, most: 12 }

/**
 * The rows, the largest first.
 *
 * @example
 * const { rssBytes, rows } = holdingsOf({ tree: breakdown(), report: null, discovery: null, isAfterRelease: false })
 */
export function holdingsOf({ tree, report, discovery, isAfterRelease }: HoldingsInput): Holdings {
  const parts = partsOfTree(tree)
  const { caches, mappedBytes } = withMapped(parts, report)
  const claims = discovery === null ? [] : graphClaims(discovery, new Set(caches.keys()), isAfterRelease)
  const pools = [...parts.live, ...(mappedBytes > 0 ? [{ name: MAPPED, bytes: mappedBytes }] : [])]
  const live = pools.reduce((sum, { bytes }) => sum + bytes, 0)
  const found = claims.reduce((sum, { bytes }) => sum + bytes, 0)
  const { fixed, taken } = withoutLive(parts.fixed, found - live)
  const {
    parts: granted,
    left,
    isCut,
  } = fitInto(
    live + taken,
    claims.map(({ bytes }) => bytes),
  )
  const named = claims.map((claim, index): Holding => ({ ...claim, bytes: granted[index] ?? 0 }))
  const isDivided = discovery !== null
  const title = isDivided ? 'not known' : 'not divided yet'
  const unknown = unknownRow(title, left, isDivided ? [{ name: LEFT, bytes: left }] : pools, parts.undivided)
  const rows = [
    ...[...caches].map(([name, bytes]) => cacheRow(name, bytes, report)),
    ...joined(named),
    ...fixed,
    ...unknown,
  ].filter(({ bytes }) => bytes > 0)
  return { rssBytes: tree.bytes, rows: folded(rows, tree.bytes), isCut }
}

const MAPPED = 'WebAssembly memory and resizable buffers'
const LEFT =
  'live memory that the walked heap does not name: native memory without an owner, and memory allocated since'

/** Memory that was found alive beyond what lived at the last major collection is new, and no garbage. */
function withoutLive(
  rows: readonly Holding[],
  beyondBytes: number,
): { readonly fixed: readonly Holding[]; readonly taken: number } {
  let taken = 0
  const fixed = rows.map((row) => {
    if (row.kind !== 'garbage' || beyondBytes <= taken) return row
    const part = Math.min(row.bytes, Math.round(beyondBytes - taken))
    taken += part
    return { ...row, bytes: row.bytes - part, parts: [] }
  })
  return { fixed, taken }
}

/** Memory that V8 maps for a cache is not divided by the tree. */
function withMapped(
  { caches, mappedBytes }: TreeParts,
  report: HoldingsInput['report'],
): { readonly caches: ReadonlyMap<string, number>; readonly mappedBytes: number } {
  const holders = (report?.caches ?? []).flatMap((row) => {
    const bytes = report === null ? null : wholeOf(row, report.mode).bytes.mappedBytes
    return bytes === null || bytes <= 0 ? [] : [{ name: row.name, bytes }]
  })
  const { parts, left } = fitInto(
    mappedBytes,
    holders.map(({ bytes }) => bytes),
  )
  const all = new Map(caches)
  for (const [index, { name }] of holders.entries()) all.set(name, (all.get(name) ?? 0) + (parts[index] ?? 0))
  return { caches: all, mappedBytes: left }
}

function cacheRow(name: string, bytes: number, report: HoldingsInput['report']): Holding {
  const row = report?.caches.find((candidate) => candidate.name === name) ?? null
  return {
    ...emptyHolding(`cache:${name}`, 'cache', name, bytes),
    row,
    returned: row?.returned ?? null,
    advice: 'Bound it by size or by age.',
  }
}

/** Two owners of one identity are one row: which of them is which cannot be known. */
function joined(rows: readonly Holding[]): Holding[] {
  const byKey = new Map<string, Holding>()
  for (const row of rows) {
    const before = byKey.get(row.key)
    byKey.set(
      row.key,
      before === undefined
        ? row
        : { ...before, bytes: before.bytes + row.bytes, returned: null, parts: [...before.parts, ...row.parts] },
    )
  }
  return [...byKey.values()]
}

function unknownRow(name: string, left: number, live: Holding['parts'], undivided: Holding['parts']): Holding[] {
  const bytes = undivided.reduce((sum, part) => sum + part.bytes, left)
  const parts = [...live, ...undivided].filter((part) => part.bytes > 0).toSorted((a, b) => b.bytes - a.bytes)
  return [{ ...emptyHolding('unknown', 'unknown', name, bytes), parts }]
}

/** The name of many small rows together. */
const TOGETHER: Readonly<Record<HoldingKind, string>> = {
  cache: 'smaller caches',
  owner: 'smaller owners',
  package: 'smaller packages',
  engine: 'small parts of the engine',
  free: 'small free parts',
  garbage: '',
  unknown: '',
}

function folded(rows: readonly Holding[], rssBytes: number): Holding[] {
  const sorted = rows.toSorted((a, b) => b.bytes - a.bytes || (a.key < b.key ? -1 : 1))
  const counts = new Map<HoldingKind, number>()
  const small = new Map<HoldingKind, Holding[]>()
  const kept = sorted.filter((row) => {
    const place = (counts.get(row.kind) ?? 0) + 1
    counts.set(row.kind, place)
    if (
      row.key === REST_KEY ||
      TOGETHER[row.kind] === '' ||
      (place <= FOLDED.most && row.bytes >= FOLDED.share * rssBytes)
    )
      return true
    small.set(row.kind, [...(small.get(row.kind) ?? []), row])
    return false
  })
  const rest = kept.find(({ key }) => key === REST_KEY)
  const together = [...small].flatMap(([kind, list]) => {
    if (kind === 'owner' && rest !== undefined) return []
    return list.length === 1 ? list : [sumOf(kind, list)]
  })
  const whole = kept.map((row) => (row === rest ? withSmall(row, small.get('owner') ?? []) : row))
  return [...whole, ...together].toSorted((a, b) => b.bytes - a.bytes || (a.key < b.key ? -1 : 1))
}

/** Owners beyond the list, and in it those that are small. */
function withSmall(rest: Holding, list: readonly Holding[]): Holding {
  const added = list.map(({ name, bytes }) => ({ name, bytes }))
  const bytes = added.reduce((sum, part) => sum + part.bytes, rest.bytes)
  return { ...rest, bytes, parts: [...rest.parts, ...added].toSorted((a, b) => b.bytes - a.bytes) }
}

function sumOf(kind: HoldingKind, list: readonly Holding[]): Holding {
  const bytes = list.reduce((sum, row) => sum + row.bytes, 0)
  return {
    ...emptyHolding(`${kind}:small`, kind, `${String(list.length)} ${TOGETHER[kind]}`, bytes),
    parts: list.map(({ name, bytes: part }) => ({ name, bytes: part })),
  }
}
