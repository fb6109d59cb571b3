/** The parser of heap snapshots of Chromium's DevTools, from its sources on the registry, run in a process of its own. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildSync } from 'esbuild'

const VERSION = '1.0.1705227'
const FOLDER = path.resolve('.cache/devtools', VERSION)
const WORKER = './node_modules/chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker'
/** Files that DevTools' own build makes beside the sources; the parser has no texts to translate. */
const LOCALES = `
  export const LOCALES = [], BUNDLED_LOCALES = [], DEFAULT_LOCALE = 'en-US'
  export const REMOTE_FETCH_PATTERN = '', LOCAL_FETCH_PATTERN = ''
`
/** Reads as DevTools does: chunk by chunk, with the second worker's end of its channel at hand. */
const PROGRAM = `
  Promise.withResolvers ??= () => {
    const made = {}
    made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
    return made
  }
  import { createReadStream } from 'node:fs'
  import { MessageChannel } from 'node:worker_threads'
  import { HeapSnapshotLoader } from '${WORKER}/HeapSnapshotLoader.js'
  import { SecondaryInitManager } from '${WORKER}/HeapSnapshot.js'
  console.warn = console.error = () => {}
  const loader = new HeapSnapshotLoader({ sendEvent() {} })
  const { port1, port2 } = new MessageChannel()
  new SecondaryInitManager(port2)
  for await (const chunk of createReadStream(process.argv[2], { encoding: 'utf8', highWaterMark: 1 << 22 })) {
    loader.write(chunk)
    await new Promise(setImmediate)
  }
  loader.close()
  const snapshot = await loader.buildSnapshot(port1)
  const classes = Object.values(snapshot.aggregatesWithFilter({ key: () => 'all' }))
  const markers = classes.find(({ name }) => name === 'Marker')?.count ?? 0
  console.log(JSON.stringify({ nodes: snapshot.nodeCount, totalBytes: snapshot.totalSize, markers }))
  process.exit()
`

export interface ParsedSnapshot {
  readonly nodes: number
  readonly totalBytes: number
  /** Objects of the class `Marker`. */
  readonly markers: number
}

/** @throws Error where the parser throws, or says nothing */
export function parseInDevTools(file: string): ParsedSnapshot {
  const program = path.join(FOLDER, 'parse.mjs')
  if (!existsSync(program)) bundle(program)
  const printed = execFileSync(process.execPath, ['--max-old-space-size=12000', program, file], { encoding: 'utf8' })
  return JSON.parse(printed) as ParsedSnapshot
}

function bundle(program: string): void {
  mkdirSync(FOLDER, { recursive: true })
  const arguments_ = ['install', '--no-save', '--ignore-scripts', `chrome-devtools-frontend@${VERSION}`]
  execFileSync('npm', [...arguments_, '--prefix', FOLDER], { stdio: ['ignore', 'ignore', 'inherit'] })
  const core = path.join(FOLDER, 'node_modules/chrome-devtools-frontend/front_end/core/i18n')
  writeFileSync(path.join(core, 'locales.js'), LOCALES)
  buildSync({
    stdin: { contents: PROGRAM, resolveDir: FOLDER },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: program,
    logLevel: 'error',
  })
}
