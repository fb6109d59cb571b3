/**
 * Where a cache was created: the line of `new LRUCache()`, by V8's call sites.
 *
 * Rule: a creation pays for the record of one frame; its file and line are found later. The settings of Error are as they were when
 * a function of this module returns.
 */
import { findSourceMap } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageFolder } from './libraries.js'

/** A place in the code as V8 has it, before source maps. */
export interface CodePlace {
  /** Path or URL; empty where the code is of no file. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Longest part of a name that names the place, in UTF-16 units. */
const PLACE_LENGTH_MAX = 140
const NOWHERE: CodePlace = { file: '', line: 0, column: 0 }
/** Frames that are recorded where the innermost may be of another cache library. */
export const FRAMES_MAX = 20

type Frame = NodeJS.CallSite
/** A function that is on the stack. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- of any signature
export type AnyFunction = Function

/**
 * The frame of the place, of those above a wrapper. `levels` constructors of subclasses are passed over: the place is that of their
 * `new`.
 */
export function frameOfPlace(frames: readonly Frame[], levels: number): Frame | undefined {
  return levels === 0
    ? frames[0]
    : (frames.find((each, index) => index >= levels || !each.isConstructor()) ?? frames.at(-1))
}

/** The innermost of these frames that is of a file for which `isOutside` holds; else the innermost that there is. */
export function frameOutside(frames: readonly Frame[], isOutside: (file: string) => boolean): Frame | undefined {
  return (
    frames.find((frame) => {
      const file = fileOf(frame)
      return file !== '' && isOutside(file)
    }) ?? frames[0]
  )
}

/**
 * A stack as V8 records it: its frames are made when they are read for the first time, and until then it holds the functions and
 * the receivers of its frames.
 */
export interface RecordedStack {
  readonly stack?: unknown
}

/** Records the `count` innermost frames above `callee`, which is running; null where the intrinsics are frozen. */
export function recordStack(callee: AnyFunction, count: number): RecordedStack | null {
  const { stackTraceLimit } = Error
  const recorded: RecordedStack = {}
  try {
    Error.stackTraceLimit = count
    Error.captureStackTrace(recorded, callee)
    return recorded
  } catch {
    return null
  } finally {
    set('stackTraceLimit', stackTraceLimit)
  }
}

/** The frames of a recorded stack, innermost first. */
export function framesOf(recorded: RecordedStack | null): readonly Frame[] {
  if (recorded === null) return []
  const prepare: unknown = Reflect.get(Error, 'prepareStackTrace')
  try {
    Error.prepareStackTrace = asTheyAre
    const { stack } = recorded
    return Array.isArray(stack) ? (stack as Frame[]) : []
  } catch {
    return []
  } finally {
    // Not deleted where it was missing: that would make every access to Error slow.
    set('prepareStackTrace', prepare)
  }
}

function asTheyAre(_error: Error, frames: Frame[]): Frame[] {
  return frames
}

function set(name: 'stackTraceLimit' | 'prepareStackTrace', value: unknown): void {
  try {
    Error[name] = value as never
  } catch {
    // Frozen: nothing was changed.
  }
}

/** Path or URL of the code of a frame; empty where it is of no file. */
export function fileOf(frame: Frame): string {
  const file: unknown = frame.getFileName() ?? frame.getEvalOrigin()
  return typeof file === 'string' ? file : ''
}

/** The place of a frame. */
export function codePlaceOf(frame: Frame | undefined): CodePlace {
  if (frame === undefined) return NOWHERE
  return {
    file: fileOf(frame),
    line: frame.getLineNumber() ?? 0,
    column: frame.getColumnNumber() ?? 0,
  }
}

/** `src/users.ts:14`, `@apollo/server/dist/cache.js:5`; by the source map where Node has one. */
export function nameOfPlace(place: CodePlace, cwd: string): string {
  if (place.file === '') return 'code without a file'
  const { file, line } = sourceOf(place)
  const name = shortened(pathOf(file), cwd)
  return `${name.length > PLACE_LENGTH_MAX ? `…${name.slice(1 - PLACE_LENGTH_MAX)}` : name}:${String(line)}`
}

/** The path of a file URL, without what a loader appends to it. */
export function pathOf(file: string): string {
  if (!file.startsWith('file:')) return file
  try {
    return fileURLToPath(new URL(file))
  } catch {
    return file
  }
}

function shortened(file: string, cwd: string): string {
  const folder = packageFolder(file)
  if (folder !== null) return withSlashes(file).slice(withSlashes(folder).lastIndexOf(INSTALLED) + INSTALLED.length)
  const relative = path.relative(cwd, file)
  const isBelow = path.isAbsolute(file) && relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative)
  return withSlashes(isBelow ? relative : file)
}

const INSTALLED = '/node_modules/'

function withSlashes(file: string): string {
  return file.replaceAll('\\', '/')
}

/** By the source map, which Node keeps where it is started with --enable-source-maps, or a loader has it keep them. */
function sourceOf({ file, line, column }: CodePlace): { readonly file: string; readonly line: number } {
  try {
    const entry: object | undefined = findSourceMap(file)?.findEntry(line - 1, column - 1)
    const { originalSource, originalLine } = (entry ?? {}) as { originalSource?: unknown; originalLine?: unknown }
    if (typeof originalSource === 'string' && typeof originalLine === 'number') {
      return {
        file: new URL(originalSource, file.startsWith('file:') ? file : `file://${file}`).href,
        line: originalLine + 1,
      }
    }
  } catch {
    // A map that cannot be read: the line of the code that runs.
  }
  return { file, line }
}
