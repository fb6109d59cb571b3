import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runBounded } from '../../../examples/19-memory-pressure/bounded.js'
import { parseAnyProfile } from '../../../src/heap-profile/index.js'
import { postmortem } from '../../../src/profiling/index.js'
import type { Postmortem } from '../../../src/profiling/index.js'
import { JEMALLOC, needsJemalloc, runFixture } from '../../helpers/child.js'
import { thorough } from '../../helpers/thorough.js'
import { readBlackBox } from '../../helpers/internals/profiling-black-box.js'
import type { Misuse } from '../fixtures/black-box-misuse.js'

const MIB = 2 ** 20

/** A process of the fixture that ends in its own way. */
async function ended(
  file: string,
  how: string,
  ...rest: string[]
): Promise<{ code: number | null; signal: string | null }> {
  const child = start([], file, how, ...rest)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal }
}

function start(execArgv: readonly string[], ...args: string[]): ReturnType<typeof spawn> {
  const runner = fileURLToPath(new URL('../../helpers/run-fixture.js', import.meta.url))
  const fixture = fileURLToPath(new URL('../fixtures/recorded.js', import.meta.url))
  const env = {
    ...process.env,
    LD_PRELOAD: JEMALLOC,
    MALLOC_CONF: 'prof:true,prof_active:true',
    NODE_V8_COVERAGE: undefined,
  }
  return spawn(process.execPath, [...execArgv, runner, fixture, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  })
}

describe('BlackBox: a process that ends without notice', function () {
  let folder: string
  const found = new Map<string, Postmortem>()
  before(async function () {
    needsJemalloc(this)
    this.timeout(60_000)
    folder = mkdtempSync(path.join(os.tmpdir(), 'black-box-'))
    const run = async (how: string): Promise<void> => {
      await ended(path.join(folder, how), how, '1500')
      found.set(how, postmortem(path.join(folder, how)))
    }
    await Promise.all(['kill', 'abort', 'exit', 'throw', 'close'].map(run))
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const of = (how: string): Postmortem => {
    const result = found.get(how)
    if (result === undefined) throw new Error(`no ${how}`)
    return result
  }

  for (const how of ['kill', 'abort']) {
    it(`names the cache, the function and the part that grew within one synchronous stretch: ${how}`, () => {
      const { end, caches, ran, growth, headline, last } = of(how)
      expect(end.kind).to.equal('no-notice')
      expect(caches[0]?.name).to.equal('sessions')
      expect(caches[0]?.entries.to).to.be.above(1000)
      expect(ran.innermost[0]?.function).to.equal('rememberSessions')
      expect(ran.innermost[0]?.script).to.match(/recorded\.js$/)
      expect(growth?.heapBytes).to.be.above(0.5 * ((growth?.toBytes ?? 0) - (growth?.fromBytes ?? 0)))
      expect(last?.sinceLoopMs).to.be.above(1000)
      expect(headline).to.have.length(3)
      expect(headline.join(' ')).to.match(
        /ended without notice at .*: V8's heap by .*; cache "sessions" went from \d+ to .*rememberSessions \(recorded\.js:\d+\) ran in/,
      )
    })
  }

  it('says that a process ended by itself, and with which code', () => {
    expect(of('exit').end).to.deep.include({ kind: 'exit', code: 7 })
    expect(of('throw').end).to.deep.include({ kind: 'exit', code: 1 })
    expect(of('close').end).to.deep.include({ kind: 'closed', code: null })
    expect(of('exit').headline[0]).to.match(/ended by itself with code 7/)
  })

  it('has the figures of the kernel, of jemalloc and of V8 in every reading', () => {
    const { ticks } = of('kill')
    expect(ticks.length).to.be.above(5)
    for (const tick of ticks.slice(1)) {
      expect(tick.rssBytes).to.be.within(20 * MIB, 4000 * MIB)
      expect(tick.heapTotalBytes).to.be.within(2 * MIB, 4000 * MIB)
      expect(tick.heapUsedBytes).to.be.at.most(tick.heapTotalBytes ?? 0)
      expect(tick.allocatedBytes).to.be.within(MIB, 4000 * MIB)
      expect(tick.mainCpuMs).to.be.at.most(tick.processCpuMs ?? 0)
    }
  })

  it('shows a change of the entries of one cache alone', () => {
    const settings = of('kill').caches.find(({ name }) => name === 'settings')
    expect(settings?.entries).to.deep.equal({ from: 1, to: 1 })
  })

  thorough("says of V8's fatal error that its heap was full", async function () {
    this.timeout(60_000)
    const file = path.join(folder, 'heap')
    const child = start(['--max-old-space-size=60'], file, 'heap', '10')
    await once(child, 'close')
    const { end, headline, caches, ran } = postmortem(file)
    expect(end.kind).to.equal('no-notice')
    expect(end.heapLimitBytes).to.be.within(40 * MIB, 200 * MIB)
    expect(headline[0]).to.match(/after V8's heap had come up to its limit/)
    expect(caches[0]?.name).to.equal('sessions')
    expect(ran.innermost[0]?.function).to.equal('rememberSessions')
  })

  it('notes that memory came near a limit, and reads more often from then on', async function () {
    this.timeout(60_000)
    const file = path.join(folder, 'near')
    const limit = 320 * MIB
    await ended(file, 'limit', '0', String(limit))
    const { events, headline, ticks, caches, ran } = postmortem(file)
    const near = events.find(({ kind }) => kind === 'near-limit')
    expect(near?.first).to.be.within(0.9 * limit, 1.3 * limit)
    expect(near?.second).to.equal(limit)
    expect(headline[0]).to.match(/of its limit of 320\.0 MiB/)
    // The histogram of a twin, which holds the lock of runs, must not take the last stacks away.
    expect(caches[0]?.name).to.equal('sessions')
    expect(ran.innermost[0]?.function).to.equal('rememberSessions')
    // Where the last readings already had less room than a dump may take, the event says so.
    const dump = events.find(({ kind }) => kind === 'dump' || kind === 'no-dump')
    expect(dump?.text).to.equal(`${file}.heap`)
    if (dump?.kind === 'dump') expect(readFileSync(dump.text, 'utf8')).to.match(/^heap_v2/)
    else expect(dump?.first).to.be.below(16 * MIB)
    const gaps = (isNear: number): number[] =>
      ticks.flatMap(({ monoMs, near: at }, index) =>
        at === isNear && index > 0 ? [monoMs - (ticks[index - 1]?.monoMs ?? 0)] : [],
      )
    expect(Math.min(...gaps(1))).to.be.below(60)
    expect(Math.min(...gaps(0))).to.be.above(40)
  })

  it('keeps the latest report and heap profile, whenever the process is killed', async function () {
    this.timeout(60_000)
    await killWhileProfiling(folder, 1)
  })

  thorough('keeps the latest report and heap profile, whenever the process is killed: 30 times', async function () {
    this.timeout(300_000)
    await killWhileProfiling(folder, 30)
  })

  it('is readable whenever the process is killed, and while it is written', async function () {
    this.timeout(60_000)
    await killAtRandom(folder, 2)
  })

  thorough('is readable whenever the process is killed: 50 times', async function () {
    this.timeout(300_000)
    await killAtRandom(folder, 50)
  })
})

describe('BlackBox: in a control group that has no room for the files it reads', function () {
  let folder: string
  before(function () {
    if (!takesTrigger()) this.skip()
    folder = mkdtempSync(path.join(os.tmpdir(), 'black-box-'))
  })
  after(() => {
    if (takesTrigger()) rmSync(folder, { recursive: true, force: true })
  })

  thorough('notes that the kernel says so', async function () {
    this.timeout(120_000)
    const script = fileURLToPath(new URL('../fixtures/pressed.js', import.meta.url))
    const { bound, output } = await runBounded(script, [folder], 120 * MIB)
    if (bound !== 'control group') this.skip()
    expect(output).to.equal('pressed\n')
    expect(postmortem(path.join(folder, 'box')).events.map(({ kind }) => kind)).to.include('pressure')
  })
})

/** Whether this kernel lets this user be told of pressure. */
function takesTrigger(): boolean {
  try {
    const descriptor = openSync('/proc/pressure/memory', 'r+')
    try {
      return writeSync(descriptor, 'some 200000 2000000\0') > 0
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return false
  }
}

async function killWhileProfiling(folder: string, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const file = path.join(folder, `profile-${String(time)}`)
    const child = start([], file, 'profile')
    if (child.stdout !== null) await once(child.stdout, 'data')
    await delay(100 * Math.random())
    child.kill('SIGKILL')
    await once(child, 'close')
    const { report, profile } = postmortem(file)
    expect(report?.content).to.have.property('caches').that.has.length(2)
    const content = readBlackBox(file).profile?.bytes ?? new Uint8Array()
    expect(profile?.bytes).to.equal(content.length)
    expect((await parseAnyProfile(content)).samples.count).to.be.above(0)
  }
}

async function killAtRandom(folder: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 2) {
    await Promise.all(
      [time, time + 1].map(async (number) => {
        const file = path.join(folder, `random-${String(number)}`)
        const child = start([], file, 'wait')
        if (child.stdout !== null) await once(child.stdout, 'data')
        expect(postmortem(file).end.kind).to.equal('running')
        await delay(300 * Math.random())
        child.kill('SIGKILL')
        await once(child, 'close')
        const contents = readBlackBox(file)
        expect(postmortem(file).end.kind).to.equal('no-notice')
        // A record that was cut off is one at most of each ring.
        const sequences = contents.ticks.map(({ sequence }) => sequence)
        expect(sequences).to.deep.equal(Array.from(sequences, (_, index) => index + 1))
      }),
    )
  }
}

describe('BlackBox.open(), misused', function () {
  let folder: string
  let found: Misuse
  before(async function () {
    if (process.platform !== 'linux') this.skip()
    this.timeout(60_000)
    folder = mkdtempSync(path.join(os.tmpdir(), 'black-box-'))
    found = await runFixture<Misuse>('profiling/fixtures/black-box-misuse', { args: [folder], timeoutMs: 50_000 })
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it('refuses with a code what it cannot record into, and the file stays as it was', () => {
    expect(found.codes).to.deep.equal({
      number: 'ERR_OPTION_TYPE',
      empty: 'ERR_OPTION_TYPE',
      nul: 'ERR_OPTION_TYPE',
      option: 'ERR_OPTION_UNKNOWN',
      interval: 'ERR_OPTION_RANGE',
      coordinator: 'ERR_OPTION_TYPE',
      'missing folder': 'ERR_BLACK_BOX_FILE',
      'no folder': 'ERR_BLACK_BOX_FILE',
      'other file': 'ERR_BLACK_BOX_FILE',
      'below a file': 'ERR_BLACK_BOX_FILE',
      link: 'ERR_BLACK_BOX_FILE',
      device: 'ERR_BLACK_BOX_FILE',
      second: 'ERR_BLACK_BOX_OPEN',
      worker: 'ERR_BLACK_BOX_UNSUPPORTED',
      'other process': 'ERR_BLACK_BOX_IN_USE',
    })
    expect(found.notOverwritten).to.equal('dear diary')
  })

  it('leaves no thread, listener or mapping behind, and a file that its user alone may read', () => {
    expect(found.left).to.deep.equal({ listeners: 0, threads: 0, mapped: false })
    expect(found.mode).to.equal(0o600)
  })

  it("has V8's figures as V8 tells them", () => {
    expect(found.heap.limit).to.equal(found.heap.toldLimit)
    expect(found.heap.recorded).to.be.within(found.heap.told * 0.5, found.heap.told * 1.5)
  })

  it('stops, and ends nothing, where somebody cuts the file short', () => {
    expect(found.isRecordingCut).to.equal(false)
  })

  it('keeps the life before as .previous, and in a folder so many of those that ended', () => {
    expect(found.endKind).to.equal('closed')
    expect(found.inFolder).to.have.length(3)
    expect(found.inFolder).to.include(found.previous)
  })
})
