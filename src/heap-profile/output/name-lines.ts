/** The lines of each function that allocated, or called what did. */
import { printable } from '../../support/units.js'
import { columnOf } from '../profile/columns-of.js'
import type { HeapProfile } from '../profile/types.js'
import { allocatorFrames, shownFrom } from './labels.js'
import { numberedNames } from './top.js'
import type { OutputOptions } from './top.js'
import type { NameLine } from './types.js'

/** The text of a line of a source; undefined where it is not known. Both as the profile has them, the line from 1. */
export type SourceLine = (file: string, line: number) => string | undefined

/** Lines that are kept of a function, and what is shown of each. */
const LINES = 3
const MAX_LINE_LENGTH = 160

/** A line of a function. */
interface Place {
  /** Index into the names. */
  readonly name: number
  readonly file: string
  readonly line: number
}

/**
 * Of each name the lines with most, over all calls of it in the profile, with what they called: a stack in which a line stands several
 * times counts once for it.
 */
export function nameLines(
  profile: HeapProfile,
  output: Required<OutputOptions>,
  sourceLine: SourceLine | undefined,
): ReadonlyMap<string, readonly NameLine[]> {
  const { list, places, ofFrame } = placesOf(profile, output)
  const amounts = amountsOfPlaces(profile, output, { ofFrame, count: places.length })
  const byName = new Map<number, { readonly place: Place; readonly amount: number }[]>()
  for (const [index, place] of places.entries()) {
    const amount = amounts[index] ?? 0
    if (amount === 0) continue
    const lines = byName.get(place.name) ?? []
    lines.push({ place, amount })
    byName.set(place.name, lines)
  }
  const shown = new Map<string, readonly NameLine[]>()
  for (const [name, lines] of byName) {
    const largest = lines.sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount)).slice(0, LINES)
    shown.set(
      list[name] ?? '',
      largest.map(({ place: { file, line }, amount }) => ({
        line,
        amount: Math.round(amount),
        source: sourceOf(sourceLine?.(file, line)),
      })),
    )
  }
  return shown
}

function sourceOf(text: string | undefined): string | null {
  const shown = printable(text?.trim(), MAX_LINE_LENGTH)
  return text === undefined || shown === '' ? null : shown
}

/** The places that have a line, and of each frame those that are shown of it. */
function placesOf(
  profile: HeapProfile,
  { allocatorFrames: withAllocator }: Required<OutputOptions>,
): { readonly list: readonly string[]; readonly places: readonly Place[]; readonly ofFrame: readonly number[][] } {
  const { list, ofFrame: namesOfFrame } = numberedNames(profile, withAllocator)
  const numbers = new Map<string, number>()
  const places: Place[] = []
  const ofFrame = profile.frames.map(({ functions }, frame) => {
    const names = namesOfFrame[frame] ?? []
    // Names of functions that were inlined into the allocator's are left out: the others are the last ones.
    return functions.slice(functions.length - names.length).flatMap(({ file, line }, index) => {
      const name = names[index]
      if (file === null || line === null || name === undefined) return []
      const key = `${String(name)} ${String(line)} ${file}`
      const known = numbers.get(key) ?? places.push({ name, file, line }) - 1
      numbers.set(key, known)
      return [known]
    })
  })
  return { list, places, ofFrame }
}

function amountsOfPlaces(
  profile: HeapProfile,
  { type, allocatorFrames: withAllocator }: Required<OutputOptions>,
  { ofFrame, count }: { readonly ofFrame: readonly number[][]; readonly count: number },
): Float64Array {
  const { index } = columnOf(profile, type)
  const { samples, sampleTypes } = profile
  const allocator = withAllocator ? null : allocatorFrames(profile)
  const amounts = new Float64Array(count)
  const lastSample = new Int32Array(count).fill(-1)
  for (let sample = 0; sample < samples.count; sample++) {
    const to = samples.offsets[sample + 1] ?? 0
    const amount = samples.values[sample * sampleTypes.length + index] ?? 0
    for (let at = shownFrom(samples.frames, samples.offsets[sample] ?? 0, to, allocator); at < to; at++) {
      for (const place of ofFrame[samples.frames[at] ?? 0] ?? []) {
        if (lastSample[place] === sample) continue
        lastSample[place] = sample
        amounts[place] = (amounts[place] ?? 0) + amount
      }
    }
  }
  return amounts
}
