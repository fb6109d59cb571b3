/**
 * Who holds what calls leave behind: owners that grew with them, and the lines that allocated it.
 *
 * Rule: nothing here decides whether a test fails. What cannot be found out is said with its reason.
 */
import { ownerKey, ownerIdentity, ownerName } from '../report/discovery/owner-identity.js'
import type { Discovery, Owner } from '../report/discovery/types.js'
import { nodeEnvironment } from '../support/environment.js'
import { reasonOf } from '../support/errors.js'
import { formatBytes, printable, signed } from '../support/units.js'
import type { HeapProfile } from '../heap-profile/profile/types.js'
import { startJsSampling } from '../profiling/profiler/js-sampling.js'
import { discover } from '../twin/discover/discover.js'
import { Calls } from './calls.js'
import type { MeasuredCall, ResolvedRetainedOptions } from './options.js'

/** An owner that grew, by one call. */
interface GrownOwner {
  readonly name: string
  readonly className: string
  readonly bytesPerCall: number
  /** Null where it does not count entries. */
  readonly entriesPerCall: number | null
}

/** A line of the source, and what it allocated in one call that is still live. */
interface AllocationLine {
  readonly name: string
  readonly bytesPerCall: number
}

/** The findings; a text is the reason why there are none. */
interface Holders {
  readonly owners: readonly GrownOwner[] | string
  readonly lines: readonly AllocationLine[] | string
}

const OWNERS_LISTED = 3
const LINES_LISTED = 3
const OWNERS_COMPARED = 100
const LEAST_OWNER_BYTES = 1024
/** Of what a call leaves behind: less is not what the test fails for. */
const LEAST_SHARE = 0.1
const SAMPLE_BYTES = 512

/** Makes `times` more calls between two discoveries, sampled by V8. */
export async function findHolders(
  call: MeasuredCall,
  options: ResolvedRetainedOptions,
  bytesPerCall: number,
): Promise<Holders> {
  const { times } = options
  const calls = new Calls(call, options)
  const least = LEAST_SHARE * bytesPerCall
  const before = await discovered()
  const lines = await sampled(async () => calls.make(times))
  const after = await discovered()
  return {
    owners:
      typeof before === 'string'
        ? before
        : typeof after === 'string'
          ? after
          : grownOwners(before, after, times).filter((owner) => owner.bytesPerCall >= least),
    lines:
      typeof lines === 'string'
        ? lines
        : lines
            .map(({ name, bytes }) => ({ name, bytesPerCall: bytes / times }))
            .filter((line) => line.bytesPerCall >= least),
  }
}

/** Lines for the message of the error. */
export function describeHolders({ owners, lines }: Holders): string[] {
  return [
    ...(typeof owners === 'string'
      ? [`owners are unknown: ${owners}`]
      : owners.slice(0, OWNERS_LISTED).map(describeOwner)),
    ...(typeof lines === 'string'
      ? [`lines that allocate are unknown: ${lines}`]
      : lines
          .slice(0, LINES_LISTED)
          .map(
            ({ name, bytesPerCall }) => `allocated at ${printable(name, 200)}: ${formatBytes(bytesPerCall)} a call`,
          )),
    ...(owners.length === 0 && lines.length === 0
      ? ["no owner in V8's heap grew with the calls, and no JavaScript line allocated it: it is native memory"]
      : []),
  ]
}

/** By how much each owner grew with a call, the most first; of owners, what lies in none of the other owners that are listed. */
function grownOwners(before: Discovery, after: Discovery, times: number): GrownOwner[] {
  const earlier = new Map<string, Owner>()
  for (const owner of before.owners) {
    const identity = ownerIdentity(owner)
    if (identity !== null) earlier.set(ownerKey(identity), owner)
  }
  return after.owners
    .flatMap((owner): GrownOwner[] => {
      const identity = ownerIdentity(owner)
      if (identity === null || owner.cache !== null) return []
      const known = earlier.get(ownerKey(identity))
      const entries = owner.entries === null ? null : owner.entries - (known?.entries ?? 0)
      return [
        {
          name: ownerName(identity),
          className: owner.className,
          bytesPerCall: (owner.own.totalBytes - (known?.own.totalBytes ?? 0)) / times,
          entriesPerCall: entries === null ? null : entries / times,
        },
      ]
    })
    .sort((a, b) => b.bytesPerCall - a.bytesPerCall)
}

function describeOwner({ name, className, bytesPerCall, entriesPerCall }: GrownOwner): string {
  const entries = entriesPerCall === null ? '' : ` and ${signed(entriesPerCall, 1)} entries`
  return `held by ${printable(name, 200)} (${printable(className, 60)}): ${formatBytes(bytesPerCall)}${entries} more with each call`
}

async function discovered(): Promise<Discovery | string> {
  try {
    return await discover({ limit: OWNERS_COMPARED, leastBytes: LEAST_OWNER_BYTES })
  } catch (error) {
    return reasonOf(error)
  }
}

/** The live allocations of the task's JavaScript, by line; a text where V8 could not be asked. The task's errors are thrown. */
async function sampled(
  task: () => Promise<void>,
): Promise<readonly { readonly name: string; readonly bytes: number }[] | string> {
  const sampling = started()
  if (typeof sampling === 'string') {
    await task()
    return sampling
  }
  try {
    await task()
    nodeEnvironment.collector().major()
    return bytesByLine(sampling.stop())
  } finally {
    sampling.discard()
  }
}

function started(): ReturnType<typeof startJsSampling> | string {
  try {
    return startJsSampling({ sampleBytes: SAMPLE_BYTES, temporary: false })
  } catch (error) {
    return reasonOf(error)
  }
}

interface LineBytes {
  readonly name: string
  readonly bytes: number
}

/**
 * The allocations of each line, the most first. Of a stack the innermost line outside of Node counts: Array.from() stands nowhere, and
 * what Node allocates for itself, the inspector's session say, no line asked for.
 */
function bytesByLine({ frames, samples }: HeapProfile): LineBytes[] {
  const bytesOf = new Map<string, number>()
  for (let sample = 0; sample < samples.count; sample++) {
    const stack = samples.frames.subarray(samples.offsets[sample], samples.offsets[sample + 1])
    const line = [...stack].map((index) => frames[index]?.functions[0]).find((place) => isOwnLine(place?.file))
    if (line === undefined) continue
    const name = `${line.name} (${line.file ?? ''}:${String(line.line ?? '?')})`
    bytesOf.set(name, (bytesOf.get(name) ?? 0) + (samples.values[sample] ?? 0))
  }
  return [...bytesOf].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes)
}

function isOwnLine(file: string | null | undefined): boolean {
  return file !== null && file !== undefined && !file.startsWith('node:')
}
