/** The request of the run form, as the handler wants it, and in words: what each mode does and costs. */
import type { AttributionMode, AttributionReport } from '../../../report/types.js'
import { formatBytes, formatCount, formatMs } from '../../../support/units.js'
import { sumKnown } from './sum-known.js'
import { shortName } from './names.js'
import type { CacheView } from '../../admin/types.js'

/** Which caches a run takes. */
export type Scope = 'all' | 'only' | 'except'

/** The form's fields; null leaves the default to the server. */
export interface RunForm {
  readonly mode: AttributionMode
  readonly scope: Scope
  readonly ticked: readonly string[]
  readonly controls: number | null
  /** Of a trim, in percent. */
  readonly percent: number | null
  readonly pauseMs: number | null
  /** Twins one after the other, whose spread is part of the error bars. */
  readonly twins: number | null
  /** Which entries a trim drops: without it the coldest. */
  readonly choice: 'random' | null
  /** So many owners, with a twin. */
  readonly discover: number | null
}

/** The body of `POST attribution`. */
export interface RunBody {
  mode: AttributionMode
  only?: readonly string[]
  except?: readonly string[]
  controls?: number
  fraction?: number
  choice?: 'random'
  twins?: number
  discover?: number
  breakdown?: true
  budget?: { pauseMs: number }
}

/** Leaves out what the mode does not know. */
export function bodyOf({ mode, scope, ticked, controls, percent, pauseMs, twins, choice, discover }: RunForm): RunBody {
  const body: RunBody = { mode }
  if (scope !== 'all') body[scope] = ticked
  if (controls !== null) body.controls = controls
  if (mode === 'trim' && percent !== null) body.fraction = percent / 100
  if (mode === 'trim' && choice !== null) body.choice = choice
  if (mode === 'twin' && twins !== null) body.twins = twins
  if (mode === 'twin' && discover !== null) body.discover = discover
  if (mode !== 'twin' && pauseMs !== null) body.budget = { pauseMs }
  return body
}

/** Owners that are listed. */
export const OWNERS_LISTED = 20

/** Caches, owners and the breakdown of all of RSS, in one twin. */
export const FIND_OUT: RunBody = { mode: 'twin', discover: OWNERS_LISTED, breakdown: true }

/** The caches that a run takes, and those that it leaves out unless they are named. */
export function targetsOf(
  { scope, ticked, mode }: Pick<RunForm, 'scope' | 'ticked' | 'mode'>,
  caches: readonly CacheView[],
): RunTargets {
  const names = new Set(ticked)
  const inScope = caches.filter(({ name }) => scope === 'all' || names.has(name) === (scope === 'only'))
  // In a twin nothing is lost, and who is ticked is named.
  const isFree = ({ traits }: CacheView): boolean =>
    mode === 'twin' || scope === 'only' || (traits.lossless && traits.refillCost !== 'high')
  const canBe = ({ traits }: CacheView): boolean =>
    mode === 'twin' ? traits.twin : traits.live && (mode === 'release' || traits.trim)
  return {
    taken: inScope.filter((cache) => isFree(cache) && canBe(cache)),
    leftOut: inScope.filter((cache) => !isFree(cache)),
    unable: inScope.filter((cache) => isFree(cache) && !canBe(cache)),
  }
}

/** The fate of the caches that a run is asked for. */
export interface RunTargets {
  readonly taken: readonly CacheView[]
  /** Lossy or costly, and nobody named them. */
  readonly leftOut: readonly CacheView[]
  /** Cannot drop a part, or be released in a twin. */
  readonly unable: readonly CacheView[]
}

/** One line below the choice of a mode. */
export const MODE_WORDS: Readonly<Record<AttributionMode, string>> = {
  twin: 'Nothing is lost: the process pauses for a fork, sometimes also for a garbage collection before it. Its copy is measured.',
  release: 'Empties the caches of the live process, one after the other. They fill again with use.',
  trim: 'Drops a small share of each cache in the live process and estimates the whole.',
}

/** The dialog's words before anything is dropped. */
export interface Confirmation {
  readonly title: string
  readonly costs: readonly string[]
  readonly action: string
}

/** The cost of going on, as far as it is known. */
export function confirmationOf(
  form: RunForm,
  caches: readonly CacheView[],
  last: AttributionReport | null,
): Confirmation {
  const { taken, leftOut, unable } = targetsOf(form, caches)
  const count = `${formatCount(taken.length)} ${taken.length === 1 ? 'cache' : 'caches'}`
  const share = form.percent === null ? 'a share' : `${String(form.percent)} %`
  const isTrim = form.mode === 'trim'
  const names = (list: readonly CacheView[]): string => someNames(list.map(({ name }) => name))
  return {
    title: isTrim ? `Drop ${share} of ${count} in the live process?` : `Release ${count} in the live process?`,
    costs: [
      `Hit rate: ${isTrim ? `${share} of the entries go` : 'every entry goes'}${heldBy(taken)}. Requests miss until the caches have filled again.`,
      pauses(form.mode, last),
      ...lossy(taken).map((list) => `Lost for good, by their registration: ${names(list)}.`),
      ...costly(taken).map((list) => `Costly to fill again: ${names(list)}.`),
      ...(leftOut.length === 0 ? [] : [`Left out, because lossy or costly caches must be ticked: ${names(leftOut)}.`]),
      ...(unable.length === 0 ? [] : [`Skipped, because they cannot drop a part: ${names(unable)}.`]),
    ],
    action: isTrim ? 'Drop and measure' : 'Release and measure',
  }
}

function heldBy(caches: readonly CacheView[]): string {
  const entries = sumKnown(caches.map((cache) => cache.entries))
  const bytes = sumKnown(caches.map(({ estimatedBytes, claimedBytes }) => estimatedBytes ?? claimedBytes))
  const parts = [
    ...(entries === null ? [] : [`${formatCount(entries)} entries`]),
    ...(bytes === null ? [] : [`about ${formatBytes(bytes)}`]),
  ]
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function pauses(mode: AttributionMode, last: AttributionReport | null): string {
  const rule = 'Pauses: the process stops for two garbage collections per cache'
  if (last?.mode !== mode) return `${rule}; they take longer the larger its heap is.`
  const { count, longestMs, totalMs } = last.pauses
  return `${rule}; last time ${formatCount(count)} pauses, ${formatMs(longestMs)} at most, ${formatMs(totalMs)} in all.`
}

function lossy(caches: readonly CacheView[]): (readonly CacheView[])[] {
  const list = caches.filter(({ traits }) => !traits.lossless)
  return list.length === 0 ? [] : [list]
}

function costly(caches: readonly CacheView[]): (readonly CacheView[])[] {
  const list = caches.filter(({ traits }) => traits.refillCost === 'high')
  return list.length === 0 ? [] : [list]
}

const NAMES_MAX = 6

function someNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).map((name) => shortName(name))
  return names.length > NAMES_MAX
    ? `${shown.join(', ')} and ${formatCount(names.length - NAMES_MAX)} more`
    : shown.join(', ')
}
