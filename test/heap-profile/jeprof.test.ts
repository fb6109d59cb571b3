import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { expect } from 'chai'
import {
  formatTopTable,
  topTable,
  parseAnyProfile,
  subtractProfile,
  readHeapProfile,
  selectThread,
  symbolize,
} from '../../src/heap-profile/index.js'
import type { TopRow } from '../helpers/internals/heap-profile-output.js'
import { totalOf } from '../helpers/internals/heap-profile-profile.js'
import type { HeapProfile } from '../../src/heap-profile/index.js'
import type { SampleTypeName } from '../helpers/internals/heap-profile-profile.js'
import { needsJemalloc } from '../helpers/child.js'
import { aliasesIn, byAddress, byShortName, jeprofTable, lengthenedNames } from '../helpers/jeprof.js'
import type { JeprofTable } from '../helpers/jeprof.js'
import { programPath, requireTool, takeProfiles, temporaryFolder } from '../helpers/profiled.js'
import type { ProfiledRun } from '../helpers/profiled.js'
import { thorough } from '../helpers/thorough.js'

/**
 * jeprof is Perl, and takes seconds for each table: all comparisons take a minute and a half of processor time. Those named here
 * have every kind of program, table and rate; the others are thorough.
 */
const ALWAYS_COMPARED: ReadonlySet<string> = new Set([
  'sizes 4 20000 3, one sample in 2^12 bytes',
  'sizes-stripped 1 20000 7, one sample in 2^13 bytes',
  'containers 100000, one sample in 2^19 bytes',
  'Node with compression',
])

/** A thorough comparison unless its title is among them. */
function compared(title: string): Mocha.TestFunction | Mocha.PendingTestFunction {
  return ALWAYS_COMPARED.has(title) ? it : thorough
}

/** Real profiles: rates from every allocation to one in a megabyte, one thread to sixteen, with and without sums of all time. */
const RUNS: readonly ProfiledRun[] = [
  { program: 'sizes', args: ['1', '3000', '1'], lgSample: 0 },
  { program: 'sizes', args: ['1', '20000', '2'], lgSample: 10, accumulated: true },
  { program: 'sizes', args: ['4', '20000', '3'], lgSample: 12, accumulated: true },
  { program: 'sizes', args: ['16', '5000', '4'], lgSample: 14, accumulated: true },
  { program: 'sizes', args: ['8', '20000', '5'], lgSample: 17 },
  { program: 'sizes', args: ['2', '20000', '6'], lgSample: 19 },
  { program: 'sizes', args: ['2', '20000', '6'], lgSample: 20, accumulated: true },
  { program: 'sizes-stripped', args: ['1', '20000', '7'], lgSample: 13 },
  { program: 'sizes-stripped', args: ['4', '20000', '8'], lgSample: 19, accumulated: true },
  { program: 'containers', args: ['3000'], lgSample: 4, accumulated: true },
  { program: 'containers', args: ['20000'], lgSample: 9 },
  { program: 'containers', args: ['50000'], lgSample: 12, accumulated: true },
  { program: 'containers', args: ['100000'], lgSample: 16 },
  { program: 'containers', args: ['100000'], lgSample: 19, accumulated: true },
]

const NODE_RUNS: readonly (readonly [name: string, source: string, lgSample: number, accumulated: boolean])[] = [
  ['an empty program', '', 12, false],
  ['Buffers', 'globalThis.kept = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(5000 + i))', 14, true],
  ['objects', 'globalThis.kept = Array.from({ length: 200000 }, (_, i) => ({ i, text: `text ${i}` }))', 16, true],
  [
    'compression',
    'const z = require("zlib"); globalThis.kept = Array.from({ length: 300 }, () => z.createGzip())',
    15,
    false,
  ],
  [
    'hashes and keys',
    'const c = require("crypto"); for (let i = 0; i < 2000; i++) c.createHash("sha256").update("x").digest()',
    13,
    true,
  ],
  [
    'workers',
    'const { Worker } = require("worker_threads"); for (let i = 0; i < 3; i++) new Worker("Buffer.alloc(1e6)", { eval: true })',
    17,
    true,
  ],
  [
    'files',
    'const fs = require("fs"); for (let i = 0; i < 500; i++) fs.readFileSync(process.execPath).subarray(0, 10)'.replace(
      '500',
      '3',
    ),
    19,
    true,
  ],
  ['a large heap', 'globalThis.kept = Array.from({ length: 40 }, () => new Array(100000).fill(1.5))', 19, false],
]

const TYPES: readonly (readonly [SampleTypeName, string])[] = [
  ['inuse_space', '--inuse_space'],
  ['inuse_objects', '--inuse_objects'],
  ['alloc_space', '--alloc_space'],
  ['alloc_objects', '--alloc_objects'],
]

/**
 * As jeprof sees it. It knows frames of the allocator by their names only, also where the library is called otherwise; and
 * what stands before the first symbol of a file it calls by that symbol: in Debian's libjemalloc, `malloc`. Of a
 * frame with inlined functions it shows all in files with a `_fini` of their own, the programs here, and the innermost elsewhere.
 */
function asJeprofSees(profile: HeapProfile): HeapProfile {
  const isAllocator = profile.mappings.map(({ file }) => file.includes('libjemalloc'))
  const malloc = [{ name: 'malloc', linkerName: null, file: null, line: null }]
  return {
    ...profile,
    mappings: profile.mappings.map((mapping) => ({ ...mapping, file: mapping.file.replace('libjemalloc', 'lib') })),
    frames: profile.frames.map((frame) => {
      const isLibrary = profile.mappings[frame.mapping ?? -1]?.file.startsWith('/usr/lib/') === true
      if (isLibrary && frame.functions.length > 1) return { ...frame, functions: frame.functions.slice(0, 1) }
      const unnamed = frame.functions.length === 0 && isAllocator[frame.mapping ?? -1] === true
      return unnamed ? { ...frame, functions: malloc } : frame
    }),
  }
}

/** jeprof prints whole numbers, cut off. */
function expectEqual(ours: HeapProfile, theirs: JeprofTable, type: SampleTypeName, title: string): void {
  const table = topTable(asJeprofSees(ours), { type })
  expect(Math.trunc(table.total), `${title}: total`).to.be.closeTo(theirs.total, 1)
  let [own, other] = [byShortName(table.rows), byShortName(theirs.rows)]
  const merged = Math.max(1, theirs.rows.filter((row) => row.flat !== 0).length)
  const difference = (name: string): number => Math.abs((own.get(name) ?? 0) - (other.get(name) ?? 0))
  const differing = (): string[] =>
    [...new Set([...own.keys(), ...other.keys()])].filter((name) => difference(name) > merged)
  if (differing().length > 0) {
    // At a few addresses jeprof takes another of several names.
    const aliases = aliasesIn(ours.mappings)
    ;[own, other] = [byAddress(own, aliases), byAddress(other, aliases)]
    const lengthened = lengthenedNames(differing())
    ;[own, other] = [byAddress(own, lengthened), byAddress(other, lengthened)]
  }
  const reported = differing().map((name) => `${name}: ${String(own.get(name))}, theirs ${String(other.get(name))}`)
  expect(reported, `${title}\n${formatTopTable(table)}`).to.deep.equal([])
}

describe('profiles beside the real jeprof', function () {
  this.timeout(120_000)
  const { folder, remove } = temporaryFolder()
  const searched = process.env['PATH']

  before(function () {
    needsJemalloc(this)
    requireTool(this, 'jeprof', 'libjemalloc-dev')
    requireTool(this, 'addr2line', 'binutils')
    // jeprof asks addr2line, and so must we: llvm-symbolizer calls some inlined functions by longer names.
    const tools = path.join(folder, 'tools')
    mkdirSync(tools)
    symlinkSync('/usr/bin/addr2line', path.join(tools, 'addr2line'))
  })

  after(() => {
    process.env['PATH'] = searched
    remove()
  })

  async function read(file: string): Promise<HeapProfile> {
    process.env['PATH'] = path.join(folder, 'tools')
    try {
      return await symbolize(await readHeapProfile(file), { nearest: true })
    } finally {
      process.env['PATH'] = searched
    }
  }

  for (const run of RUNS) {
    const title = `${run.program} ${run.args.join(' ')}, one sample in 2^${run.lgSample} bytes`
    compared(title)(`has the totals and the bytes of every function of ${title}`, async function () {
      const [file = ''] = takeProfiles(this, folder, run)
      const types = TYPES.slice(0, run.accumulated === true ? 4 : 2)
      const program = programPath(this, run.program)
      const asked = Promise.all(types.map(([, option]) => jeprofTable(program, file, [option])))
      const [profile, theirs] = await Promise.all([read(file), asked])
      expect(profile.sampleTypes.map(({ type }) => type)).to.have.members(types.map(([type]) => type).toSorted())
      for (const [index, [type]] of types.entries()) {
        const table = theirs[index] ?? { total: NaN, rows: [] }
        expectEqual(profile, table, type, `${title}, ${type}`)
      }
    })
  }

  for (const [name, source, lgSample, accumulated] of NODE_RUNS) {
    compared(`Node with ${name}`)(
      `has the totals and the bytes of every function of Node with ${name}`,
      async function () {
        const [file = ''] = takeProfiles(this, folder, { program: 'node', args: ['-e', source], lgSample, accumulated })
        const type = accumulated ? 'alloc_space' : 'inuse_space'
        const asked = jeprofTable(process.execPath, file, [`--${type}`])
        const [profile, theirs] = await Promise.all([read(file), asked])
        expectEqual(profile, theirs, type, name)
      },
    )
  }

  it('has the difference of two profiles, as jeprof --base has it', async function () {
    const conf = 'lg_prof_interval:25'
    const run = { program: 'sizes', args: ['2', '20000', '9'], lgSample: 13, conf } as const
    const files = takeProfiles(this, folder, run)
    const [earlier = '', later = ''] = [files[1], files.at(-1)]
    expect(earlier).not.to.equal(later)
    const theirs = await jeprofTable(programPath(this, 'sizes'), later, [`--base=${earlier}`])
    expectEqual(subtractProfile(await read(later), await read(earlier)), theirs, 'inuse_space', 'difference')
  })

  it('has each thread, as jeprof --thread has it', async function () {
    const [file = ''] = takeProfiles(this, folder, { program: 'sizes', args: ['3', '10000', '9'], lgSample: 12 })
    const profile = await read(file)
    const ids = (profile.threads?.list ?? []).map(({ id }) => id)
    expect(ids.length).to.be.greaterThan(1)
    for (const id of ids.slice(0, 3)) {
      const theirs = await jeprofTable(programPath(this, 'sizes'), file, [`--thread=${id}`])
      if (theirs.total !== 0) expectEqual(selectThread(profile, id), theirs, 'inuse_space', `thread ${id}`)
    }
  })
})

describe('a profile that jeprof has symbolized (jeprof --raw)', () => {
  const { folder, remove } = temporaryFolder()
  after(remove)

  it('is read with its names, whatever became of the program since', async function () {
    needsJemalloc(this)
    requireTool(this, 'jeprof', 'libjemalloc-dev')
    this.timeout(60_000)
    for (const program of ['sizes', 'containers'] as const) {
      const args = program === 'sizes' ? ['2', '2000', '1'] : ['3000']
      const [file = ''] = takeProfiles(this, folder, { program, args, lgSample: 10 })
      const raw = spawnSync('jeprof', ['--raw', programPath(this, program), file], { encoding: 'buffer' }).stdout
      expect(raw.subarray(0, 10).toString()).to.equal('--- symbol')
      // jeprof copies the profile behind it where it has fetched it from a service, and stops there for a file.
      expect(raw.toString()).to.match(/\n--- heap\n$/)
      const named = await parseAnyProfile(Buffer.concat([raw, readFileSync(file)]))
      const own = await symbolize(await readHeapProfile(file), { lines: false })
      expect(totalOf(named)).to.equal(totalOf(own))
      // A name that jeprof does not know it takes from the last symbol before it, and functions that the compiler has inlined have
      // frames of their own only there: what a function and its callees hold is the same in both.
      const held = (rows: readonly TopRow[]): Map<string, number> =>
        byShortName(rows.map(({ name, flat, cumulative }) => ({ name, flat: program === 'sizes' ? flat : cumulative })))
      const known = held(topTable(own).rows)
      const theirs = held(topTable(named).rows)
      const names = program === 'sizes' ? ['large_blocks', 'small_blocks', 'grown_blocks'] : ['shop::price::operator+']
      for (const name of names) expect(theirs.get(name), name).to.equal(known.get(name))
    }
  })

  it('is read as ClickHouse writes it: inlined functions, carriage returns, addresses without a name', async () => {
    const text = [
      '--- symbol',
      'binary=/usr/bin/clickhouse',
      '0x0000000000001000 malloc',
      '0x000000000000201f DB::outer(int)--DB::inlined',
      '0x0000000000003000 0x0000000000003000',
      '---',
      '--- heap',
      'heap_v2/1',
      '  t*: 3: 3000 [0: 0]',
      '@ 0x1000 0x2020 0x3001',
      '  t*: 3: 3000 [0: 0]',
      'MAPPED_LIBRARIES:',
      '2000-4000 r-xp 00000000 00:00 0 /nowhere/clickhouse',
    ]
    for (const ending of ['\n', '\r\n']) {
      const profile = await parseAnyProfile(Buffer.from(`${text.join(ending)}${ending}`))
      const { rows } = topTable(await symbolize(profile))
      expect(rows.map(({ name, flat }) => [name, flat])).to.deep.equal([
        ['DB::inlined', 3000],
        ['DB::outer(int)', 0],
        ['clickhouse+0x1000', 0],
      ])
    }
  })
})
