/** The run under way: what it is at, how far it is, and the button that ends it; told to screen readers in few words. */
import { describeProgress } from '../../../../twin/discover/discover-progress.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import { sumKnown } from '../../model/sum-known.js'
import { shortName } from '../../model/names.js'
import { byId, onClick, setAttributes, setText } from '../dom.js'
import type { RunActions } from '../run-actions.js'
import type { RunProgress, PageState, PageStore } from '../state.js'

const MODE_TITLES: Readonly<Record<RunProgress['mode'], string>> = {
  twin: 'Measuring in a twin',
  release: 'Releasing',
  trim: 'Trimming',
  discover: 'Finding owners',
  'class-histogram': 'Counting classes',
  'heap-snapshot': 'Taking a heap snapshot',
}

/** A screen reader is told every so often, not with every row. */
const ANNOUNCE_EVERY_MS = 4_000

/** Fills the bar and keeps it up to date. */
export function mountProgress(store: PageStore, runs: RunActions): void {
  const abort = byId('abort', HTMLButtonElement)
  onClick(abort, () => void runs.abort())
  const announce = createAnnouncer()
  let before: RunProgress | null = null
  store.watch(['run', 'report', 'problems', 'status'], (state) => {
    const { run, status } = state
    byId('progress', HTMLElement).hidden = run === null
    if (run !== null) showRun(run)
    abort.disabled = run?.isAborting === true || status?.role !== 'operator'
    const hadFocus = before === null && run !== null && isFocusLost()
    if (hadFocus) abort.focus()
    if (before !== null && run === null && isFocusLost()) restFocus()
    announce(state, before)
    before = run
  })
}

/** Where the reader was: at the form, as far as it is seen, or at the one button. */
function restFocus(): void {
  const start = byId('start', HTMLButtonElement)
  const button = start.offsetParent === null ? byId('find-out', HTMLButtonElement) : start
  button.focus()
}

/** The element that had the focus was just hidden. */
function isFocusLost(): boolean {
  const { activeElement } = document
  return activeElement === null || activeElement === document.body || activeElement.matches(':disabled, [hidden] *')
}

function showRun(run: RunProgress): void {
  setText(byId('progress-words', HTMLElement), words(run))
  const bar = byId('progress-bar', HTMLProgressElement)
  const { max, value } = extentOf(run)
  setAttributes(bar, { max, value })
}

/** How far it is; without an end where that is not known. */
function extentOf(run: RunProgress): { readonly max: number | null; readonly value: number | null } {
  const { planned, discovering, seeksOwners } = run
  const none = { max: null, value: null }
  if (discovering !== null) {
    return discovering.stage === 'measuring' && discovering.of > 0
      ? { max: discovering.of, value: discovering.done }
      : none
  }
  if (planned === null || planned.size === 0 || (seeksOwners && doneOf(run) === planned.size)) return none
  return { max: planned.size, value: doneOf(run) }
}

function words(run: RunProgress): string {
  const { own, planned, lastDone, isAborting, discovering, seeksOwners } = run
  const title = own ? MODE_TITLES[run.mode] : `Started elsewhere: ${MODE_TITLES[run.mode].toLowerCase()}`
  if (isAborting) return `${title}: aborting …`
  if (discovering !== null) return `${title}: ${describeProgress(discovering)} …`
  if (planned === null) return own ? `${title}: waiting for background work to end …` : `${title}.`
  const count = `${formatCount(doneOf(run))} of ${formatCount(planned.size)}`
  if (seeksOwners && doneOf(run) === planned.size) return `${title}: ${count} caches, now the owners of the rest …`
  return lastDone === null
    ? `${title}: ${count}`
    : `${title}: ${count}, last ${shortName(lastDone)}${sizeOf(run, lastDone)}`
}

function sizeOf({ done }: RunProgress, name: string): string {
  const row = done.get(name)
  if (row === undefined) return ''
  if (row.kind !== 'released') return ` ${row.status === 'timed-out' ? 'timed out' : row.status}`
  return ` ${formatBytes(sumKnown([row.allocatedBytes, row.heapBytes, row.mappedBytes]))}`
}

/** Of those that were planned; what was left out from the start does not count. */
function doneOf({ planned, done }: RunProgress): number {
  return [...(planned ?? [])].filter((name) => done.has(name)).length
}

function createAnnouncer(): (state: PageState, before: RunProgress | null) => void {
  let lastMs = 0
  return ({ run, report, problems }, before) => {
    const element = byId('announcer', HTMLElement)
    if (run !== null && before === null) {
      setText(element, `${MODE_TITLES[run.mode]} has begun.`)
      lastMs = Date.now()
    } else if (run !== null && Date.now() - lastMs >= ANNOUNCE_EVERY_MS) {
      setText(element, words(run))
      lastMs = Date.now()
    } else if (run === null && before !== null) {
      const failed = problems.some(({ topic }) => topic === 'run')
      const count = report === null ? '' : ` ${formatCount(report.caches.length)} caches in the table.`
      setText(element, failed ? 'The run ended with a problem.' : `The run is over.${count}`)
    }
  }
}
