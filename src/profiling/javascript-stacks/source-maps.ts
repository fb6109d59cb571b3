/**
 * From a place in the code that runs to the place in its source.
 *
 * Rule: a map is read where the file says that it has one, once for as long as the file is the same. What cannot be read or
 * understood leaves the place as it is, which is true too.
 */
import { readFileSync, statSync } from 'node:fs'
import { SourceMap } from 'node:module'
import type { SourceMapPayload } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** A place in code; null unknown. */
export interface Place {
  readonly file: string | null
  readonly line: number | null
}

/** V8's columns of a call, from 1: of the function itself, and of the call in it, each where V8 reports it. */
export interface Columns {
  readonly own: number
  readonly call: number
}

interface MappedSource {
  readonly key: string
  readonly lines: readonly string[]
  readonly map: SourceMap
}

/** Larger ones would hold the thread too long. */
const MAX_SOURCE_BYTES = 16 * 1024 * 1024
const MAX_MAP_BYTES = 32 * 1024 * 1024
const MAX_FILES = 2_000
/** A line so long was put together by a minifier: its first place says nothing. */
const LONG_LINE = 500

const known = new Map<string, MappedSource | null>()

/** From Node 26 on V8's column of a call is that of the call, before it that of the function. */
const TELLS_CALLS = Number(process.versions.node.split('.')[0]) >= 26

/** The place in the source, where a map has it, else the same place. */
export function originalPlace(place: Place, columns: Columns): Place {
  const { file, line } = place
  if (file === null || line === null || !path.isAbsolute(file)) return place
  const source = sourceOf(file)
  const text = source?.lines[line - 1]
  if (source === null || text === undefined) return place
  const entry = source.map.findEntry(line - 1, columnIn(text, columns))
  if (!('originalSource' in entry) || entry.originalSource === '' || entry.generatedLine !== line - 1) return place
  return { file: resolved(file, entry.originalSource), line: entry.originalLine + 1 }
}

/** From 0. Lines of a compiler are of one line of the source each; of a minifier's the column is needed. */
function columnIn(text: string, { own, call }: Columns): number {
  if (text.length < LONG_LINE) return Math.max(0, text.search(/\S/))
  return Math.max(0, (TELLS_CALLS ? call : own) - 1)
}

function sourceOf(file: string): MappedSource | null {
  try {
    const { mtimeMs, size, ino } = statSync(file)
    const key = `${ino} ${size} ${mtimeMs}`
    const before = known.get(file)
    if (before !== undefined && (before === null || before.key === key)) return before
    if (known.size >= MAX_FILES) known.clear()
    const read = size > MAX_SOURCE_BYTES ? null : readSource(file, key)
    known.set(file, read)
    return read
  } catch {
    return null
  }
}

function readSource(file: string, key: string): MappedSource | null {
  try {
    const text = readFileSync(file, 'utf8')
    const at = text.lastIndexOf('//# sourceMappingURL=')
    if (at === -1) return null
    const [url = ''] = text.slice(at + '//# sourceMappingURL='.length, at + MAX_MAP_BYTES).split(/\s/, 1)
    const map = JSON.parse(mapText(file, url)) as SourceMapPayload
    return { key, lines: text.split('\n'), map: new SourceMap(map) }
  } catch {
    return null
  }
}

function mapText(file: string, url: string): string {
  const [, isBase64, data = ''] = /^data:application\/json[^,]*?(;base64)?,(.*)$/.exec(url) ?? []
  if (data !== '') return isBase64 === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString()
  const beside = url.startsWith('file:')
    ? fileURLToPath(url)
    : path.resolve(path.dirname(file), decodeURIComponent(url))
  if (statSync(beside).size > MAX_MAP_BYTES) throw new Error('the map is too large')
  return readFileSync(beside, 'utf8')
}

function resolved(file: string, source: string): string {
  if (source.startsWith('file:')) return fileURLToPath(source)
  // Bundlers name sources by schemes of their own.
  return /^[a-z][a-z\d+.-]+:/i.test(source) ? source : path.resolve(path.dirname(file), source)
}

/** V8 has URLs of modules, and paths of CommonJS. */
export function pathOfScript(file: string): string {
  if (!file.startsWith('file:')) return file
  try {
    return fileURLToPath(file)
  } catch {
    return file
  }
}
