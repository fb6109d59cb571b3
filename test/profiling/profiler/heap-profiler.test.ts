import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { HeapProfiler } from '../../../src/profiling/index.js'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import type { CaptureResult } from '../fixtures/capture.js'
import { WAYS } from '../fixtures/killed.js'

const CONF = { MALLOC_CONF: 'prof:true,prof_active:false' }

/** How each end is seen from outside: the one that was meant, and no crash. */
const ENDS: Readonly<Record<(typeof WAYS)[number], RegExp>> = {
  exit: /gave no result/,
  kill: /did not end in/,
  'exit later': /gave no result/,
  'kill later': /did not end in/,
  'terminate later': /ended with SIGTERM/,
  'throw later': /ended with 1:[^]*in the middle/,
  'exit while reading': /gave no result/,
}

describe('HeapProfiler', function () {
  let folder = ''
  let result: CaptureResult
  before(async function () {
    needsJemalloc(this)
    this.timeout(60_000)
    folder = mkdtempSync(path.join(os.tmpdir(), 'captures-'))
    result = await runFixture<CaptureResult>('profiling/fixtures/capture', {
      preload: 'jemalloc',
      env: CONF,
      args: [folder],
      timeoutMs: 55_000,
    })
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  it('reads the state as jemalloc tells it', () => {
    expect(result.state).to.include({
      built: true,
      enabled: true,
      active: false,
      newThreadsTakePart: true,
      threadTakesPart: true,
      sampleBytes: 524_288,
      intervalDumpBytes: null,
      dumpPrefix: 'jeprof',
    })
  })

  it('shows what came during a capture, and nothing from before', () => {
    const came = 400 * 65_536
    expect(result.deltaBytes).to.be.within(0.8 * came, 1.25 * came)
  })

  it('leaves out the youngest where leaks are looked for: of native memory and of objects alike', () => {
    const { native, heap, truthBytes, comments } = result.leaks
    expect(native['keep']).to.be.within(0.8 * truthBytes, 1.25 * truthBytes)
    expect(heap['keepObjects']).to.be.greaterThan(500_000)
    // Two requests begin each two milliseconds and live for fifty: 96 KiB and 20 KB each. A sampled body counts as more than
    // it holds, so that less than one body is none; V8's own small allocations under the function may stay.
    expect(native['beginRequest'] ?? 0).to.be.below(96 * 1024)
    expect(heap['beginRequest'] ?? 0).to.be.below(0.05 * (heap['keepObjects'] ?? 0))
    expect(comments).to.include('what was allocated in the last 0.1 s is left out')
    expect(result.leaks.refusals).to.deep.equal(['ERR_OPTION_RANGE', 'ERR_OPTION_TYPE'])
  })

  it('shows in a dump what was allocated since profiling was activated', () => {
    const came = 400 * 65_536
    expect(result.liveBytes).to.be.within(0.6 * came, 1.6 * came)
  })

  it("shows the objects of JavaScript by V8's profiler", () => {
    expect(result.jsBytes).to.be.greaterThan(500_000)
  })

  it('gives an identical call the same profile', () => {
    expect(result.isJoined).to.equal(true)
  })

  it('samples as asked meanwhile, and puts the distance back', () => {
    expect([result.sampleBytesMeanwhile, result.after.sampleBytes]).to.deep.equal([16_384, 524_288])
  })

  it('survives a thousand calls at once: identical ones join, different ones are refused, aborted ones end', () => {
    expect(Object.keys(result.outcomes)).to.have.members(['profile', 'ERR_PROFILE_ABORTED', 'ERR_PROFILE_IN_PROGRESS'])
    expect(result.outcomes['ERR_PROFILE_IN_PROGRESS']).to.equal(250)
    expect(Object.values(result.outcomes).reduce((sum, count) => sum + count)).to.equal(1000)
    expect(result.outcomes['profile']).to.be.at.least(500)
  })

  it('switches profiling off at once where everybody has left, or it is closed', () => {
    expect(result.leftAlone.codes).to.deep.equal(['ERR_PROFILE_ABORTED'])
    expect(result.leftAlone.active).to.deep.equal(Array.from({ length: 20 }, (_, index) => index % 2 === 0))
  })

  it('leaves profiling off and no file, whatever became of the captures', () => {
    expect([result.after.active, result.files]).to.deep.equal([false, []])
  })

  it('says that a folder cannot be written, and has switched profiling off again', () => {
    expect(result.afterFailure).to.deep.equal({ code: 'ERR_PROFILE_DUMP', active: false })
  })

  it('leaves profiling on where it was on before the capture', () => {
    expect(result.activated).to.deep.equal([true, true, false])
  })

  it('refuses to switch the profiler during a capture, and a distance that would forget samples', () => {
    expect(result.refusals).to.deep.equal([
      'ERR_PROFILE_IN_PROGRESS',
      'ERR_PROFILE_IN_PROGRESS',
      'ERR_PROFILE_IN_PROGRESS',
      'ERR_OPTION_RANGE',
      'ERR_CLOSED',
    ])
  })

  it('leaves no file where the process ends in the middle, however it ends', async () => {
    await Promise.all(
      WAYS.map(async (how) => {
        const own = mkdtempSync(path.join(os.tmpdir(), 'killed-'))
        const options = { preload: 'jemalloc', env: CONF, args: [own, how] } as const
        const ended = await runFixture('profiling/fixtures/killed', options).catch(String)
        expect(readdirSync(own), how).to.deep.equal([])
        expect(ended, how).to.match(ENDS[how])
        rmSync(own, { recursive: true })
      }),
    )
  })
})

describe('what keeps a process from being profiled', () => {
  for (const [what, preload, conf, words] of [
    ['another allocator', 'none', '', /^ERR_PROFILING_ALLOCATOR: .*run --profile.*LD_PRELOAD=libjemalloc\.so\.2/],
    ['a start without prof:true', 'jemalloc', '', /^ERR_PROFILING_START: .*MALLOC_CONF=prof:true,prof_active:false/],
    [
      'threads that take no part',
      'jemalloc',
      'prof:true,prof_active:false,prof_thread_active_init:false',
      /^ERR_PROFILING_THREADS: .*take prof_thread_active_init:false out of MALLOC_CONF/,
    ],
    ['nothing', 'jemalloc', 'prof:true,prof_active:false', /^ready$/],
  ] as const) {
    it(`is said with the command that fixes it: ${what}`, async function () {
      needsJemalloc(this)
      const env = { MALLOC_CONF: conf }
      expect(await runFixture<string>('profiling/fixtures/check', { preload, env })).to.match(words)
    })
  }
})

describe('options of a capture', () => {
  for (const [options, words] of [
    [{ seconds: 301 }, '"seconds" must be a number ≥ 0 and ≤ 300'],
    [{ second: 1 }, 'did you mean "seconds"?'],
    [{ sampleBytes: 100_000 }, '"sampleBytes" must be a power of two, got 100000 (number): the nearest is 131072'],
    [{ kind: 'js', reset: true }, `"reset" is for kind 'native'`],
    [{ kind: 'js', view: 'live' }, `"view" is for kind 'native'`],
  ] as const) {
    it(`are refused: ${JSON.stringify(options)}`, async () => {
      await using profiler = new HeapProfiler()
      const message = await profiler.capture(options as object).then(
        () => 'a profile',
        (error: unknown) => (error as Error).message,
      )
      expect(message).to.include(words)
    })
  }
})
