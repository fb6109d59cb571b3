/** Owners of a process over repeated observations: who grows, and how fast. */
import { setTimeout as delay } from 'node:timers/promises'
import { SeriesStore } from '../../history/series-store.js'
import { formatDiscovery } from '../../report/discovery/format-discovery.js'
import { withGrowth } from '../../report/discovery/owner-growth.js'
import { ownerName } from '../../report/discovery/owner-identity.js'
import type { Discovery } from '../../report/discovery/types.js'
import { fitLines } from '../../report/fit-lines.js'
import { palette } from '../../report/format-table.js'
import { isGrowing } from '../../report/trends/format-trends.js'
import { formatRate } from '../../report/trends/rates.js'
import type { OwnerGrowth } from '../../report/trends/types.js'
import { trendOf } from '../../report/trends/trends.js'
import { CLEAR_SCREEN } from '../../support/terminal-text.js'
import { formatBytes, formatCount, printable } from '../../support/units.js'
import type { Answerer, DiscoverQuestion } from './answerer.js'

/** How they are watched. */
export interface WatchOptions {
  readonly question: DiscoverQuestion
  /** From the end of one observation to the begin of the next. */
  readonly intervalMs: number
  /** One line of JSON for each observation. */
  readonly isJson: boolean
  readonly print: (text: string) => void
  /** Ends after so many observations. @default never */
  readonly count?: number
}

const LIFETIME = 'watched'
const HOUR_MS = 3_600_000
const NAME_LENGTH_MAX = 100

/** @throws CacheAttributionError what an observation ran into */
export async function watchOwners(answerer: Answerer, options: WatchOptions): Promise<void> {
  const { question, intervalMs, isJson, print, count = Infinity } = options
  const view = new OwnersView()
  for (let observation = 1; observation <= count; observation++) {
    if (observation > 1) await delay(intervalMs)
    const found = view.add(await answerer.discover(question))
    if (isJson) print(`${JSON.stringify({ at: new Date().toISOString(), ...found })}\n`)
    else print(`${palette().isColored ? CLEAR_SCREEN : ''}${view.text(found)}\n`)
  }
}

/** The observations so far. */
class OwnersView {
  readonly #series = new SeriesStore()
  readonly #first = new Map<string, number>()
  #observations = 0

  /** @returns the discovery with the growth of its owners */
  add(discovery: Discovery): Discovery {
    this.#observations++
    // A history follows registered caches by their rows, and here is none.
    const owners = discovery.owners.map((owner) => ({ ...owner, cache: null }))
    this.#series.addOwners(LIFETIME, Date.now() / HOUR_MS, owners)
    for (const owner of discovery.owners) {
      if (owner.path === null) continue
      const name = ownerName({ script: owner.script, path: owner.path })
      if (!this.#first.has(name)) this.#first.set(name, owner.retained.totalBytes)
    }
    const growth: OwnerGrowth[] = [...this.#series.inputs().owners].map(({ identity, input }) => ({
      ...identity,
      trend: trendOf(input, 'cache'),
    }))
    return withGrowth(discovery, growth)
  }

  text(discovery: Discovery): string {
    const paints = palette()
    const when = `Observation ${formatCount(this.#observations)}, ${new Date().toISOString()}`
    return [
      ...fitLines([paints.dim(when), ...this.#changes(discovery)], paints.width),
      '',
      formatDiscovery(discovery),
    ].join('\n')
  }

  /** Owners that are larger than at their first observation; whether one grows for sure is its trend. */
  #changes({ owners }: Discovery): string[] {
    if (this.#observations === 1) return ['One observation so far: growth takes more.']
    const grown = owners
      .flatMap(({ script, path, retained, growth }) => {
        if (path === null) return []
        const name = ownerName({ script, path })
        return [{ name, bytes: retained.totalBytes - (this.#first.get(name) ?? retained.totalBytes), growth }]
      })
      .filter(({ bytes }) => bytes > 0)
      .toSorted((a, b) => b.bytes - a.bytes)
    if (grown.length === 0)
      return [`No owner is larger than at the first of ${formatCount(this.#observations)} observations.`]
    return grown.slice(0, 3).map(({ name, bytes, growth }) => {
      const { slope } = growth ?? {}
      const sure =
        isGrowing(growth) && slope != null
          ? `grows by ${formatRate(slope.bytesPerHour).replace(/^\+/, '')} (${formatRate(slope.lowBytesPerHour)} to ${formatRate(slope.highBytesPerHour)}): `
          : 'holds '
      return `${printable(name, NAME_LENGTH_MAX)} ${sure}${formatBytes(bytes)} more than at its first observation.`
    })
  }
}
