import { expect } from 'chai'
import {
  fractionFor,
  planReleases,
  resolvePressureOptions,
  usageReader,
} from '../../helpers/internals/coordinator-pressure.js'
import type { PressureCandidate } from '../../helpers/internals/coordinator-pressure.js'
import { codeOf } from '../../helpers/internals/support.js'
import { MIB, thrownBy } from '../world.js'

function candidate(name: string, given: Partial<PressureCandidate> = {}): PressureCandidate {
  return {
    name,
    refillCost: 'medium',
    lossless: true,
    live: true,
    isExcepted: false,
    failure: null,
    entries: null,
    canTrim: false,
    expectedBytes: null,
    basis: null,
    ...given,
  }
}

const namesOf = (candidates: readonly PressureCandidate[]): string[] => candidates.map(({ name }) => name)

describe('the order of releases under pressure', () => {
  const measured = (name: string, mib: number, refillCost: 'low' | 'medium' | 'high' = 'medium'): PressureCandidate =>
    candidate(name, { expectedBytes: mib * MIB, basis: 'returned', refillCost })

  it('is by what returns for the cost of a refill', () => {
    const { order } = planReleases(
      [measured('dear', 100, 'high'), measured('cheap', 10, 'low'), measured('mean', 30)],
      MIB,
    )
    expect(namesOf(order)).to.deep.equal(['cheap', 'mean', 'dear'])
    const equal = planReleases([measured('small', 10), measured('large', 30), measured('middle', 20)], MIB)
    expect(namesOf(equal.order)).to.deep.equal(['large', 'middle', 'small'])
  })

  it('takes measurements before claims, claims before nothing, and what gives back next to nothing last', () => {
    const { order } = planReleases(
      [
        candidate('unknown'),
        measured('tiny', 0.5),
        candidate('claims', { expectedBytes: 900 * MIB, basis: 'claimed' }),
        candidate('measured', { expectedBytes: 2 * MIB, basis: 'measured' }),
        measured('keeps its pages', -1),
      ],
      100 * MIB,
    )
    expect(namesOf(order)).to.deep.equal(['measured', 'claims', 'unknown', 'tiny', 'keeps its pages'])
  })

  it('leaves out what may lose something, must not be released here, was excepted, failed, or is empty', () => {
    const { order, leftOut } = planReleases(
      [
        candidate('lossy', { lossless: false }),
        candidate('twin only', { live: false }),
        candidate('excepted', { isExcepted: true }),
        candidate('failed', { failure: 'no such table' }),
        candidate('empty', { entries: 0 }),
        candidate('one entry', { entries: 1 }),
      ],
      MIB,
    )
    expect(namesOf(order)).to.deep.equal(['one entry'])
    expect(leftOut.map(({ candidate: { name }, error }) => [name, error.code])).to.deep.equal([
      ['lossy', 'ERR_RELEASE_SPARED'],
      ['twin only', 'ERR_RELEASE_LIVE'],
      ['excepted', 'ERR_RELEASE_SPARED'],
      ['failed', 'ERR_RELEASE_FAILED'],
      ['empty', 'ERR_RELEASE_SPARED'],
    ])
    expect(leftOut[3]?.error.message).to.include('no such table')
  })

  it('trims where a share of a measured cache is enough', () => {
    const trims = { ...measured('lru', 100), canTrim: true }
    expect(fractionFor(trims, 20 * MIB)).to.be.closeTo(0.22, 1e-9)
    expect(fractionFor(trims, 80 * MIB)).to.equal(null)
    expect(fractionFor({ ...trims, canTrim: false }, 20 * MIB)).to.equal(null)
    expect(fractionFor({ ...trims, basis: 'claimed' }, 20 * MIB)).to.equal(null)
    expect(fractionFor({ ...trims, expectedBytes: null, basis: null }, 20 * MIB)).to.equal(null)
    expect(fractionFor({ ...trims, expectedBytes: -5 }, 20 * MIB)).to.equal(null)
  })
})

describe('the options of a release under pressure', () => {
  it('take shares as percent or as a number, and end a tenth lower', () => {
    expect(resolvePressureOptions({ below: '90%' })).to.deep.include({
      below: 0.9,
      until: 0.8,
      limit: undefined,
      dryRun: false,
    })
    expect(resolvePressureOptions({ below: ' 87.5 % ', until: 0.5 })).to.deep.include({ below: 0.875, until: 0.5 })
    expect(resolvePressureOptions({ below: 1, limit: '512 MiB' })).to.deep.include({ below: 1, limit: 512 * MIB })
    expect(resolvePressureOptions({ below: '2%' }).until).to.equal(0.01)
  })

  it('refuse everything else, with what was expected', () => {
    const wrong: [unknown, string][] = [
      [{}, 'ERR_OPTION_TYPE'],
      [undefined, 'ERR_OPTION_TYPE'],
      [{ below: 90 }, 'ERR_OPTION_RANGE'],
      [{ below: '90' }, 'ERR_OPTION_RANGE'],
      [{ below: '0%' }, 'ERR_OPTION_RANGE'],
      [{ below: '101%' }, 'ERR_OPTION_RANGE'],
      [{ below: NaN }, 'ERR_OPTION_RANGE'],
      [{ below: ['90%'] }, 'ERR_OPTION_TYPE'],
      [{ below: '90%', until: '90%' }, 'ERR_OPTION_RANGE'],
      [{ below: '90%', until: 0.95 }, 'ERR_OPTION_RANGE'],
      [{ below: '90%', limit: 0 }, 'ERR_OPTION_RANGE'],
      [{ below: '90%', limit: Infinity }, 'ERR_OPTION_RANGE'],
      [{ below: '90%', limit: 'much' }, 'ERR_OPTION_RANGE'],
      [{ below: '90%', limt: 5 }, 'ERR_OPTION_UNKNOWN'],
      [{ below: '90%', intervalMs: 1 }, 'ERR_OPTION_RANGE'],
      [{ below: '90%', log: console }, 'ERR_OPTION_TYPE'],
      [{ below: '90%', except: 'users' }, 'ERR_OPTION_TYPE'],
    ]
    for (const [options, code] of wrong) {
      const thrown = thrownBy(() => resolvePressureOptions(options as never))
      expect(codeOf(thrown), JSON.stringify(options)).to.equal(code)
    }
  })
})

describe('the usage that is watched', () => {
  const environment = {
    figures: () => ({ heapTotalBytes: 0, externalBytes: 0, arrayBuffersBytes: 0, rssBytes: 5 * MIB }),
  }
  const files = (texts: Readonly<Record<string, string>>) => (path: string) => texts[path] ?? null

  it('is resident memory where a limit is given', () => {
    expect(usageReader(10 * MIB, environment, files({}))()).to.deep.equal({
      what: 'the given limit',
      usedBytes: 5 * MIB,
      limitBytes: 10 * MIB,
    })
  })

  it('is the control group nearest to its limit, without unused pages of files', () => {
    const read = files({
      '/proc/self/cgroup': '0::/service/pod\n',
      '/sys/fs/cgroup/service/pod/memory.max': 'max',
      '/sys/fs/cgroup/service/pod/memory.current': '700',
      '/sys/fs/cgroup/service/memory.max': '1000',
      '/sys/fs/cgroup/service/memory.current': '900',
      '/sys/fs/cgroup/service/memory.stat': 'anon 1\ninactive_file 150\n',
    })
    expect(usageReader(undefined, environment, read)()).to.deep.equal({
      what: 'the memory limit of /sys/fs/cgroup/service',
      usedBytes: 750,
      limitBytes: 1000,
    })
  })

  it('is the machine without a limit, and nothing where that is hidden', () => {
    const read = files({ '/proc/meminfo': 'MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:   250 kB\n' })
    expect(usageReader(undefined, environment, read)()).to.deep.equal({
      what: "the machine's memory",
      usedBytes: 750 * 1024,
      limitBytes: 1000 * 1024,
    })
    expect(usageReader(undefined, environment, files({}))()).to.equal(null)
  })
})
