import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { runFixture } from '../../helpers/child.js'
import { temporaryFolder } from '../../helpers/profiled.js'
import { OTHERS } from '../fixtures/js-beside.js'
import type { BesideResult } from '../fixtures/js-beside.js'
import type { TogetherResult } from '../fixtures/js-together.js'

/** The memory that madeForCapture() keeps: 16 arrays of 131,072 doubles. */
const MADE = 16 * 131_072 * 8

const { folder, remove } = temporaryFolder()
after(remove)

describe("capture({ kind: 'js' })", function () {
  this.timeout(60_000)

  for (const other of OTHERS) {
    describe(other === 'nobody' ? 'by itself' : `beside ${other}`, () => {
      let result: BesideResult
      const profiles = path.join(folder, 'profiles')

      before(async () => {
        result = await runFixture<BesideResult>('profiling/fixtures/js-beside', {
          args: [other],
          execArgv: other === '--heap-prof' ? ['--heap-prof', `--heap-prof-dir=${profiles}`] : [],
          timeoutMs: 50_000,
        })
      })

      if (other === 'nobody') {
        it('shows what was allocated in its time, and nothing from before', () => {
          expect(result.capturedBytes).to.be.within(0.8 * MADE, 1.3 * MADE)
          expect(result.status).to.equal(200)
        })
        return
      }

      it('is refused with a code that names what may be in the way', () => {
        expect(result.capture).to.match(/^ERR_PROFILER_IN_USE: .*--heap-prof.*@datadog\/pprof.*DevTools/)
      })

      it('is refused alike through HTTP', () => {
        expect(result.status).to.equal(409)
        expect(JSON.parse(result.answer)).to.include({ code: 'ERR_PROFILER_IN_USE' })
      })

      it('leaves the other profile whole: what came before it, meanwhile and after it', () => {
        if (other === '--heap-prof') {
          const files = readdirSync(profiles)
          expect(files).to.have.lengthOf(1)
          const { head } = JSON.parse(readFileSync(path.join(profiles, files[0] ?? ''), 'utf8')) as { head: Node }
          expect(bytesOf(head)).to.be.within(0.8 * 3 * MADE, 2 * 3 * MADE)
        } else expect(result.otherBytes).to.be.within(0.8 * 3 * MADE, 2 * 3 * MADE)
      })

      if (other !== '--heap-prof') {
        it('is taken when the other has ended', () => {
          expect(result.laterBytes).to.be.within(0.8 * MADE, 1.3 * MADE)
        })
      }
    })
  }

  describe('beside others of this library', () => {
    let result: TogetherResult
    before(async () => {
      result = await runFixture<TogetherResult>('profiling/fixtures/js-together', { timeoutMs: 50_000 })
    })

    it('is joined, or refused as one in progress', () => {
      expect(result.isJoined).to.equal(true)
      expect(result.second).to.match(/^ERR_PROFILE_IN_PROGRESS/)
      expect(result.otherProfiler).to.match(/^ERR_PROFILE_IN_PROGRESS/)
      expect(result.firstBytes).to.be.within(0.8 * MADE, 1.5 * MADE)
    })

    it('is free again when the first has ended', () => {
      expect(result.afterwardsBytes).to.be.within(0.8 * MADE, 1.5 * MADE)
    })

    it('is taken in a worker at the same time: a thread has a sampler of its own', () => {
      expect(result.workerBytes).to.be.within(0.8 * MADE, 1.5 * MADE)
    })

    it('says so where something else ended it', () => {
      expect(result.endedByOther).to.match(/^ERR_PROFILER_IN_USE: .* ended this capture/)
    })
  })
})

interface Node {
  readonly selfSize: number
  readonly children: readonly Node[]
}

function bytesOf({ selfSize, children }: Node): number {
  return children.reduce((sum, child) => sum + bytesOf(child), selfSize)
}
