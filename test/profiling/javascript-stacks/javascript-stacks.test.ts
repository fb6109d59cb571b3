import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { supportsJavaScriptStacks } from '../../../src/profiling/index.js'
import { needsJemalloc, runFixture, skipOrFail } from '../../helpers/child.js'
import type { JavaScriptStacksResult } from '../fixtures/javascript-stacks.js'

describe('stacks of JavaScript in native heap profiles', function () {
  let folder = ''
  let result: JavaScriptStacksResult
  before(async function () {
    needsJemalloc(this)
    if (process.arch !== 'x64') return skipOrFail(this, 'stacks of JavaScript are read on x64 alone')
    this.timeout(90_000)
    folder = mkdtempSync(path.join(os.tmpdir(), 'stacks-'))
    result = await runFixture<JavaScriptStacksResult>('profiling/fixtures/javascript-stacks', {
      preload: 'jemalloc',
      env: { MALLOC_CONF: 'prof:true,prof_active:false' },
      execArgv: ['--expose-gc'],
      args: [folder],
      timeoutMs: 85_000,
    })
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  it('are supported where jemalloc 5.3 was started with profiling', () => {
    expect(result.supported).to.deep.equal({ supported: true, reason: null })
  })

  for (const [of, field] of [
    ['a capture', 'captured'],
    ['a dump that is read from its file', 'dumped'],
  ] as const) {
    it(`name the function's file and the line of the source that allocated, with its bytes, in ${of}`, () => {
      const { truth } = result
      expect(Object.keys(truth)).to.have.lengthOf(8)
      for (const [site, bytes] of Object.entries(truth)) {
        expect(result[field][site], site).to.be.within(0.93 * bytes, 1.07 * bytes)
      }
    })
  }

  it('lose nothing to others: what no site has is a small part', () => {
    const named = Object.entries(result.captured).reduce((sum, [site, bytes]) => sum + (site === '' ? 0 : bytes), 0)
    expect(named / result.totalBytes).to.be.greaterThan(0.9)
  })

  it('name functions as V8 does, inlined or not, with all calls of a recursion', () => {
    const { small, recursive, later, generated } = result.functions
    expect({ small, recursive, later, generated }).to.deep.equal({
      small: 'small',
      recursive: 'recursive',
      later: 'later',
      generated: 'generated',
    })
    expect(result.recursiveDepth).to.equal(11)
  })

  it('keep the names of code that was made anew and is gone', () => {
    expect(result.generatedBytes).to.be.within(0.9 * 200 * 131_072, 1.1 * 200 * 131_072)
  })

  it('read the same after code has moved: two dumps of the same memory differ by next to nothing', () => {
    expect(result.differenceBytes / result.totalBytes).to.be.lessThan(0.05)
  })

  it('leave no stack of a dump without a name, and say nothing where all is well', () => {
    expect([result.unnamedBytes, result.comments]).to.deep.equal([0, []])
  })

  it('tell who allocated what no cache holds, also from a twin', () => {
    const names = result.residual.flat()
    expect(names.some((name) => name.startsWith('twoLines'))).to.equal(true)
  })

  it("show with kind 'all' native memory and V8's heap under the function that made both, and say what is missing", () => {
    expect(result.all.native).to.be.within(14_000_000, 27_000_000)
    expect(result.all.heap).to.be.within(500_000, 6_000_000)
    expect(result.all.comments.join(' ')).to.match(/RSS is .* does not have .*free pages.*code, stacks/)
  })

  it('have a frame for the cache that code says it fills: the innermost, and none before and after', () => {
    const each = 100 * 65_536
    const { accounted, refusals } = result
    expect(Object.keys(accounted)).to.have.members(['(cache thumb nails)', '(cache pages)'])
    expect(accounted['(cache thumb nails)']).to.be.within(0.9 * each, 1.1 * each)
    expect(accounted['(cache pages)']).to.be.within(0.9 * each, 1.1 * each)
    expect(refusals).to.deep.equal(['ERR_CACHE_UNKNOWN', 'ERR_OPTION_TYPE', 'RangeError', '7', '300'])
  })

  it('are recorded while profiling is on alone', () => {
    expect(result.isOnAfter).to.equal(false)
  })

  it('leave dumps that the real jeprof reads', () => {
    expect(result.jeprof).to.match(/^Total: \d+/m)
    expect(result.jeprof).to.include('node::NodeArrayBufferAllocator')
  })
})

describe('supportsJavaScriptStacks()', () => {
  it('says why not where this process has no jemalloc', () => {
    const { supported, reason } = supportsJavaScriptStacks()
    expect(supported).to.equal(false)
    expect(reason).to.match(/jemalloc|addon|x64/)
  })
})
