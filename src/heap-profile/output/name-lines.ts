/** The lines of each function that allocated, or called what did. */
import { printable } from '../../support/units.js'
import { columnOf } from '../profile/columns-of.js'
import { V8_OBJECTS } from '../profile/join.js'
import type { HeapProfile, SampleTypeName } from '../profile/types.js'
import type { ShownNames } from './call-tree.js'
import { shownFrom } from './labels.js'
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

/** The places of a profile. */
interface Places {
  readonly places: readonly Place[]
  /** Of each frame those that are shown of it. */
  readonly ofFrame: readonly (readonly number[])[]
}

/**
 * Of each name the lines with most, over all calls of it in the profile, with what they called: a stack in which a line stands several
 * times counts once for it. Of objects of V8's heap it is the line where the function begins: V8 tells no other.
 */
export function nameLines(
  profile: HeapProfile,
  type: SampleTypeName,
  shownNames: ShownNames,
  sourceLine: SourceLine | undefined,
): ReadonlyMap<string, readonly NameLine[]> {
  const { list, allocator } = shownNames
  const found = placesOf(profile, shownNames)
  const amounts = amountsOfPlaces(profile, { type, allocator }, found)
  const byName = new Map<number, { readonly place: Place; readonly amount: number; readonly isBegin: boolean }[]>()
  for (const [index, place] of found.places.entries()) {
    for (const isBegin of [false, true]) {
      const amount = amounts[isBegin ? 'begins' : 'calls'][index] ?? 0
      if (amount === 0) continue
      const lines = byName.get(place.name) ?? []
      lines.push({ place, amount, isBegin })
      byName.set(place.name, lines)
    }
  }
  const shown = new Map<string, readonly NameLine[]>()
  for (const [name, lines] of byName) {
    const largest = lines.sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount)).slice(0, LINES)
    shown.set(
      list[name] ?? '',
      largest.map(({ place: { file, line }, amount, isBegin }) => ({
        line,
        isBegin,
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

/** The places that have a line. */
function placesOf(profile: HeapProfile, { ofFrame: namesOfFrame }: ShownNames): Places {
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
  return { places, ofFrame }
}

/** Of each place what went through it: by the line of the call, and where the line is the function's first. */
function amountsOfPlaces(
  profile: HeapProfile,
  { type, allocator }: Pick<ShownNames, 'allocator'> & { readonly type: SampleTypeName },
  { ofFrame, places }: Places,
): { readonly calls: Float64Array; readonly begins: Float64Array } {
  const { index } = columnOf(profile, type)
  const { samples, sampleTypes, source, frames } = profile
  const [calls, begins] = [new Float64Array(places.length), new Float64Array(places.length)]
  const lastSample = new Int32Array(places.length).fill(-1)
  for (let sample = 0; sample < samples.count; sample++) {
    const to = samples.offsets[sample + 1] ?? 0
    const innermost = frames[samples.frames[samples.offsets[sample] ?? 0] ?? -1]
    const isObjects = source === 'v8' || innermost?.functions[0]?.name === V8_OBJECTS
    const amounts = isObjects ? begins : calls
    const amount = samples.values[sample * sampleTypes.length + index] ?? 0
    for (let at = shownFrom(samples.frames, samples.offsets[sample] ?? 0, to, allocator); at < to; at++) {
      for (const place of ofFrame[samples.frames[at] ?? 0] ?? []) {
        if (lastSample[place] === sample) continue
        lastSample[place] = sample
        amounts[place] = (amounts[place] ?? 0) + amount
      }
    }
  }
  return { calls, begins }
}
