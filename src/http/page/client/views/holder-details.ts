/** The details below a row of "Who holds the memory": path, figures with their errors, and how to act. */
import type { Holding } from '../../../../report/holdings/types.js'
import type { Owner } from '../../../../report/discovery/types.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import { canFindOut } from '../../model/answer.js'
import { knownBytes } from '../../model/sum-known.js'
import { joinRows, ratioToClaim } from '../../model/cache-rows.js'
import type { CacheRow } from '../../model/cache-rows.js'
import { longName } from '../../model/names.js'
import type { RowGrowth } from '../../model/row-growth.js'
import type { PageState } from '../state.js'
import { detailsOf } from './cache-row.js'

/** A label and its value. */
export type Detail = readonly [label: string, value: string]

const PARTS_SHOWN = 24

/** Where the guide says more, by kind. */
const GUIDES: Readonly<Record<Holding['kind'], string>> = {
  cache: 'docs/guide/slow-growth.md',
  owner: 'docs/guide/rss-grows.md',
  package: 'docs/guide/rss-grows.md',
  engine: 'docs/guide/breakdown.md',
  free: 'docs/guide/breakdown.md',
  garbage: 'docs/guide/breakdown.md',
  unknown: 'docs/guide/heap-profiles.md',
}

/** All that is known of a row. */
export function holderDetails(holding: Holding, growth: RowGrowth | null, state: PageState): readonly Detail[] {
  const { kind, name, bytes, owner, returned, parts, advice } = holding
  const cache = kind === 'cache' ? cacheRowOf(holding, state) : null
  return [
    ['Name', longName(name)],
    ...(advice === '' ? adviceOfUnknown(kind, state) : [['How to act', advice] as const]),
    ['In RSS', `${formatBytes(bytes)} (${bytes.toLocaleString('en-US')} bytes)`],
    ...(cache === null ? [] : ofCache(cache)),
    ...(owner === null ? [] : ofOwner(owner)),
    ...(returned === null || cache !== null ? [] : [returnedDetail(returned)]),
    ...(growth === null ? [] : [['Growth', `${growth.words}, ${growth.source}`] as const]),
    ...(parts.length === 0 ? [] : [['Parts', partsWords(parts)] as const]),
    ['Guide', `${GUIDES[kind]}, in the package cache-attribution`],
  ]
}

/** The row of the caches' table; null of one that is folded, or gone. */
export function cacheRowOf({ name }: Pick<Holding, 'name'>, { caches, report }: PageState): CacheRow | null {
  return joinRows(caches ?? [], report, null).find((row) => row.name === name) ?? null
}

function ofCache(row: CacheRow): Detail[] {
  const ratio = ratioToClaim(row)
  const measured = row.bytes === null ? 'not yet' : `${formatBytes(row.bytes)} ± ${formatBytes(row.uncertaintyBytes)}`
  const claimed = formatBytes(row.claimedThenBytes ?? row.claimedBytes)
  return [
    ['Measured', measured],
    ['Claimed', ratio === null ? claimed : `${claimed}: it holds ${ratio.toFixed(2)} × that`],
    ['Entries', formatCount(row.entries)],
    ...detailsOf(row),
  ]
}

function ofOwner(owner: Owner): Detail[] {
  const { path, script, package: from, kind, className, entries, instances, own, released, uncertaintyBytes } = owner
  return [
    ['Path', path === null ? 'no named path reaches it' : longName(path)],
    ...(script === null ? [] : [['Script', longName(script)] as const]),
    ...(from === null ? [] : [['Package', longName(from)] as const]),
    ['Kind', `${kind}, ${longName(className)}${instances > 1 ? ` ×${formatCount(instances)}` : ''}`],
    ...(entries === null ? [] : [['Entries', formatCount(entries)] as const]),
    ['By the graph', `JS heap ${formatBytes(own.heapBytes)}, buffers ${formatBytes(own.memoryBytes)}`],
    [
      'Measured',
      released === null
        ? 'no: it cannot be emptied safely'
        : `${formatBytes(knownBytes(released))} ± ${formatBytes(uncertaintyBytes)}, emptied in the twin`,
    ],
    ...(owner.disagreement === null ? [] : [['Disagreement', longName(owner.disagreement)] as const]),
  ]
}

function returnedDetail({ residentBytes, uncertaintyBytes }: NonNullable<Holding['returned']>): Detail {
  const error = uncertaintyBytes === null ? '' : ` ± ${formatBytes(uncertaintyBytes)}`
  return ['RSS falls by', `${formatBytes(residentBytes)}${error}, once every freed page is given back`]
}

function partsWords(parts: Holding['parts']): string {
  const shown = parts.slice(0, PARTS_SHOWN).map(({ name, bytes }) => `${longName(name)} ${formatBytes(bytes)}`)
  const more = parts.length - shown.length
  return more === 0 ? shown.join('; ') : `${shown.join('; ')}; and ${formatCount(more)} more`
}

function adviceOfUnknown(kind: Holding['kind'], { discovery, status }: PageState): Detail[] {
  if (kind !== 'unknown' || (discovery === null && !canFindOut(status))) return []
  return [
    [
      'How to act',
      discovery === null
        ? '“Find out” divides it by caches, owners and packages.'
        : 'A heap profile shows which code allocates native memory: cache-attribution run --profile.',
    ],
  ]
}
