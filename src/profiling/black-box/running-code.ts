/** Which code ran, by the stacks of a time. Pure. */
import type { FrameRecord, StackRecord } from './records.js'

/** A function that was met in stacks. */
export interface RunningFunction {
  /** `(anonymous)` for one without a name. */
  readonly function: string
  readonly script: string
  /** The line that was met most. */
  readonly line: number
  /** Stacks that it is in. */
  readonly samples: number
  readonly share: number
}

/** What stacks say. */
export interface RunningCode {
  readonly samples: number
  /** The innermost function of the application's in each stack; of a package's, or of Node's, where there is none. */
  readonly innermost: readonly RunningFunction[]
  /** Every function of the application's that is anywhere in a stack. */
  readonly anywhere: readonly RunningFunction[]
  /** The newest stack, innermost first. */
  readonly last: readonly FrameRecord[]
}

/** So many are given. */
const FUNCTIONS_MAX = 10

/** Of stacks with their frames. */
export function runningCode(
  stacks: readonly StackRecord[],
  frames: ReadonlyMap<number, FrameRecord>,
  ownFolder: string | null = null,
): RunningCode {
  const isOwn = ({ script }: FrameRecord): boolean => ownFolder !== null && isWithin(ownFolder, script)
  const known = stacks
    .map((stack) => stack.frames.flatMap((number) => frames.get(number) ?? []).filter((frame) => !isOwn(frame)))
    .filter((stack) => stack.length > 0)
  return {
    samples: known.length,
    innermost: counted(known.map((stack) => [ownFrame(stack)])),
    anywhere: counted(known.map((stack) => stack.filter(isApplication))),
    last: known.at(-1) ?? [],
  }
}

/** A long path has lost its beginning. */
function isWithin(folder: string, script: string): boolean {
  return /[/\\]dist[/\\](?:src|lib)[/\\]/.test(script) && script.includes(folder)
}

function ownFrame(stack: readonly FrameRecord[]): FrameRecord | undefined {
  return stack.find(isApplication) ?? stack.find(({ script }) => script !== '' && !isNodes(script)) ?? stack[0]
}

function isApplication({ script }: FrameRecord): boolean {
  return script !== '' && !isNodes(script) && !/[/\\]node_modules[/\\]/.test(script)
}

function isNodes(script: string): boolean {
  return script.startsWith('node:')
}

/** Each stack counts once for a function. */
function counted(stacks: readonly (readonly (FrameRecord | undefined)[])[]): RunningFunction[] {
  const found = new Map<string, { frame: FrameRecord; samples: number; lines: Map<number, number> }>()
  for (const stack of stacks) {
    const met = new Set<string>()
    for (const frame of stack) {
      if (frame === undefined) continue
      const key = `${frame.function}\0${frame.script}`
      const entry = found.get(key) ?? { frame, samples: 0, lines: new Map<number, number>() }
      if (!met.has(key)) {
        entry.samples++
        entry.lines.set(frame.line, (entry.lines.get(frame.line) ?? 0) + 1)
      }
      met.add(key)
      found.set(key, entry)
    }
  }
  return [...found.values()]
    .sort((a, b) => b.samples - a.samples)
    .slice(0, FUNCTIONS_MAX)
    .map(({ frame, samples, lines }) => ({
      function: frame.function === '' ? '(anonymous)' : frame.function,
      script: frame.script,
      line: [...lines].sort((a, b) => b[1] - a[1])[0]?.[0] ?? frame.line,
      samples,
      share: samples / stacks.length,
    }))
}
