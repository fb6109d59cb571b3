import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import type { FixtureOptions } from '../helpers/child.js'
import { thorough } from '../helpers/thorough.js'
import type { Reported } from './fixtures/leaks.js'

const OBJECTS = 'JavaScript objects in no measured cache (live at the last major collection)'
const NATIVE = 'native memory in no measured cache'

/** The beginning of the first line, of a process that holds 60 MiB by one kind. */
const FIRST: Readonly<Record<string, string>> = {
  slices: OBJECTS,
  trees: OBJECTS,
  listeners: NATIVE,
  promises: NATIVE,
  timers: NATIVE,
  messages: NATIVE,
  wasm: 'WebAssembly memory',
  resizable: 'resizable buffers',
  sqlite: NATIVE,
  worker: "other threads' heaps, not told apart",
  file: 'mapped files',
  mapping: 'other anonymous',
  garbage: 'JavaScript objects, garbage or allocated since the last major collection',
  cache: 'measured caches',
  pool: 'freed pages that V8 keeps (its page pool)',
}

/** The conditions for such a process: no collection in between, or nothing else that is as large. */
const STARTED: Readonly<Record<string, Pick<FixtureOptions, 'execArgv' | 'env'>>> = {
  garbage: { execArgv: ['--initial-heap-size=1000'] },
  messages: { env: { MALLOC_CONF: 'dirty_decay_ms:0,muzzy_decay_ms:0' } },
  pool: { execArgv: ['--max-semi-space-size=16'] },
}

/** Their line is that of a kind which is run each time. */
const THOROUGH: ReadonlySet<string> = new Set([
  'slices',
  'listeners',
  'promises',
  'timers',
  'messages',
  'wasm',
  'worker',
  'file',
  'mapping',
])

const major = Number(process.versions.node.split('.', 1)[0])

/** Node 20 gives such pages back at once; V8 of Node 26 cuts such strings out. */
function exists(kind: string): boolean {
  return kind === 'pool' ? major >= 22 : kind !== 'slices' || major < 26
}

describe('the first line of breakdown()', () => {
  for (const [kind, first] of Object.entries(FIRST).filter(([name]) => exists(name))) {
    const test = THOROUGH.has(kind) ? thorough : it
    test(`names what a process holds by ${kind}, and does not change its mind while it idles`, async () => {
      const { note, stated, again, since } = await runFixture<Reported>('breakdown/fixtures/leaks', {
        preload: 'jemalloc',
        args: [kind],
        ...STARTED[kind],
      })
      expect(note).to.match(/^largest: /)
      expect(note.slice('largest: '.length)).to.satisfy((line: string) => line.startsWith(first), note)
      expect(stated.verdict).to.equal('observed')
      expect(note).to.not.match(/leak|rather than|does not grow/)
      expect(new Set(again.map(({ largest }) => largest))).to.deep.equal(new Set([stated.largest]))
      expect(flips([stated, ...again].map(({ named }) => named))).to.equal(false)
      const isFree = kind === 'pool'
      expect(since).to.include({ verdict: isFree ? 'fragmented' : 'growing', largest: first, hasGrown: true })
    })
  }
})

/** Whether a list is left and comes back: what a process does by itself goes one way. */
function flips(lists: readonly (readonly string[])[]): boolean {
  const texts = lists.map((list) => list.join())
  const changes = texts.filter((text, index) => text !== texts[index - 1])
  return new Set(changes).size < changes.length
}
