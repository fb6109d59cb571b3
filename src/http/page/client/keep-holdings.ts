/** Keeps the rows of the table up to date with what they are made from, and remembers them reading by reading. */
import { basisOf, memoryTable } from '../model/memory-table.js'
import type { TableSources } from '../model/memory-table.js'
import { withReading } from '../model/readings.js'
import type { PageState, PageStore } from './state.js'

/** Starts it; before what shows the rows. */
export function keepHoldings(store: PageStore): void {
  let readBefore: unknown = null
  store.watch(['sample', 'breakdown', 'caches', 'report', 'discovery', 'pinned'], (state) => {
    const sources = sourcesOf(state)
    const holdings = memoryTable(sources)
    store.set({ holdings })
    const read = state.breakdown ?? state.sample
    if (holdings === null || sources.isPinned || read === readBefore) return
    readBefore = read
    const reading = { timeMs: Date.now(), basis: basisOf(sources) }
    store.set({ readings: withReading(store.state.readings, holdings, reading) })
  })
}

function sourcesOf({ sample, breakdown, caches, report, discovery, pinned }: PageState): TableSources {
  return { sample, breakdown, caches, report, discovery, isPinned: pinned !== null }
}
