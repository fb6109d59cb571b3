import { closeSync, copyFileSync, openSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { Execution, Probe } from '../../helpers/internals/cli-jemalloc.js'
import { probeLibrary, verdictOf } from '../../helpers/internals/cli-jemalloc.js'
import { bareHost, plainEnvironment, program, requireJemalloc, temporaryFolders } from '../fixtures.js'

function ended(stderr: string, failure = ''): Execution {
  return { ok: failure === '', stdout: '', stderr, failure }
}

function reasonOf(probe: Probe): string {
  return probe.works ? 'it works' : probe.reason
}

describe('verdictOf()', () => {
  it('believes the statistics of jemalloc', () => {
    const stderr =
      'a warning\n{"jemalloc":{"version":"5.3.0-0-g5","config":{"prof":true},"stats":{"allocated":3000000}}}\n'
    expect(verdictOf(ended(stderr))).to.deep.equal({ works: true, facts: { version: '5.3.0-0-g5', profiling: true } })
  })

  it('believes indented statistics, as jemalloc 5.2 prints them, between other output', () => {
    const one = {
      jemalloc: { version: '5.2.1-0-gea', config: { prof: true, malloc_conf: 'a "}" {' }, stats: { allocated: 3e6 } },
    }
    for (const indent of [0, 1, 2, '\t']) {
      const stderr = `a { warning }\n${JSON.stringify(one, null, indent)}\n{"not": "ours"} }\n`
      expect(verdictOf(ended(stderr))).to.deep.equal({
        works: true,
        facts: { version: '5.2.1-0-gea', profiling: true },
      })
    }
  })

  it('believes the one that serves where two are preloaded, in either order', () => {
    const text = (version: string, allocated: number): string =>
      JSON.stringify(
        { jemalloc: { version, config: { prof: true }, stats: { allocated } } },
        null,
        version === '5.2.1' ? '\t' : 0,
      )
    const [serving, idle] = [text('5.3.0', 3e6), text('5.2.1', 4096)]
    for (const stderr of [`${serving}\n${idle}`, `${idle}\n${serving}`, `${serving}${idle.slice(0, 30)}`]) {
      expect(verdictOf(ended(stderr))).to.deep.equal({ works: true, facts: { version: '5.3.0', profiling: true } })
    }
    expect(reasonOf(verdictOf(ended(`${idle}\n${idle}`)))).to.include('another allocator')
  })

  it('reads the text that jemalloc before 5.1 prints', () => {
    const stderr = '___ Begin jemalloc statistics ___\nVersion: 3.6.0-0-g46\nAllocated: 3000000, active: 4000000\n'
    expect(verdictOf(ended(stderr))).to.deep.equal({ works: true, facts: { version: '3.6.0-0-g46', profiling: null } })
  })

  it('refuses a build without statistics', () => {
    expect(reasonOf(verdictOf(ended('{"jemalloc":{"version":"5","config":{}}}')))).to.include('--enable-stats')
  })

  it('refuses a jemalloc that is loaded behind another allocator', () => {
    const stderr = '{"jemalloc":{"version":"5","config":{},"stats":{"allocated":4096}}}'
    expect(reasonOf(verdictOf(ended(stderr)))).to.include('another allocator')
  })

  it("passes the loader's reason on", () => {
    const stderr =
      "ERROR: ld.so: object '/x.so' from LD_PRELOAD cannot be preloaded (wrong ELF class: ELFCLASS32): ignored."
    expect(reasonOf(verdictOf(ended(stderr)))).to.equal('the loader cannot preload it (wrong ELF class: ELFCLASS32)')
  })

  it('what could go wrong if the output is cut, or is JSON of another kind: it is no success', () => {
    for (const stderr of ['', '{"jemalloc":', '{"jemalloc":{"version":', '{"jemalloc":null}', '{"jemalloc":5}']) {
      expect(verdictOf(ended(stderr)).works, stderr).to.equal(false)
    }
  })

  it('names how Node ended under the library', () => {
    expect(reasonOf(verdictOf(ended('', 'signal SIGSEGV')))).to.equal('Node does not run under it (signal SIGSEGV)')
  })
})

describe('probeLibrary() with a real Node', () => {
  const folder = temporaryFolders()
  const probe = (library: string, env = plainEnvironment()): Promise<Probe> => probeLibrary(bareHost(), env, library)

  before(function () {
    if (process.platform !== 'linux') this.skip()
  })

  it('finds jemalloc serving', async function () {
    const result = await probe(await requireJemalloc(this))
    expect(result).to.nested.include({ works: true }).and.to.have.nested.property('facts.version').that.matches(/^\d/)
  })

  it('finds jemalloc serving where another one is preloaded already', async function () {
    const library = await requireJemalloc(this)
    const other = path.join(folder(), 'libjemalloc.so.2')
    copyFileSync(library, other)
    for (const preload of [`${library}:${other}`, `${other}:${library}`]) {
      expect(await probe(preload)).to.nested.include({ works: true })
    }
  })

  it('what could go wrong if the file is corrupt, empty, missing or a folder: it is refused', async () => {
    const junk = path.join(folder(), 'libjemalloc.so.2')
    writeFileSync(junk, 'no library'.repeat(500))
    const empty = path.join(folder(), 'libjemalloc.so.2')
    writeFileSync(empty, '')
    for (const library of [junk, empty, path.join(folder(), 'missing.so'), folder()]) {
      expect((await probe(library)).works, library).to.equal(false)
    }
  })

  it('what could go wrong if the library is for another machine: it is refused', async function () {
    const foreign = path.join(folder(), 'libjemalloc.so.2')
    copyFileSync(await requireJemalloc(this), foreign)
    const file = openSync(foreign, 'r+')
    // e_machine of the ELF header: Motorola 88000.
    writeSync(file, Buffer.from([5, 0]), 0, 2, 18)
    closeSync(file)
    expect((await probe(foreign)).works).to.equal(false)
  })

  it('what could go wrong if the library is a sound one, but no jemalloc: it is refused', async () => {
    expect((await probe('libm.so.6')).works).to.equal(false)
  })

  it('what could go wrong if NODE_OPTIONS names a program: it is not run by the trial', async function () {
    const library = await requireJemalloc(this)
    const hostile = program(folder(), 'process.exit(7)', 'hostile.cjs')
    expect((await probe(library, plainEnvironment({ NODE_OPTIONS: `--require=${hostile}` }))).works).to.equal(true)
  })

  it('what could go wrong if MALLOC_CONF is set: the trial uses its own', async function () {
    const library = await requireJemalloc(this)
    expect((await probe(library, plainEnvironment({ MALLOC_CONF: 'stats_print:false,junk' }))).works).to.equal(true)
  })
})
