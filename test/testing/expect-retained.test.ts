import { expect } from 'chai'
import { expectRetained, retainedBytes } from '../../src/testing/index.js'
import type { RetainedOptions } from '../../src/testing/index.js'
import { decide } from '../helpers/internals/testing.js'
import { parseBytes } from '../helpers/internals/support.js'
import type { Round } from '../helpers/internals/testing.js'
import { codeOf } from '../helpers/internals/support.js'

function codeOfThrown(work: () => unknown): string | null {
  try {
    work()
    return null
  } catch (error) {
    return codeOf(error)
  }
}

async function codeOfRejected(promise: Promise<unknown>): Promise<string | null> {
  return promise.then(
    () => null,
    (error: unknown) => codeOf(error),
  )
}

describe('a limit of retained bytes', () => {
  it('is a number, or a text with its unit', () => {
    const limits = [0, 1024.5, '512', '512 B', '1 KiB', '1kb', ' 1.5 MiB ', '2GB'].map((limit) =>
      parseBytes(limit, 'limit'),
    )
    expect(limits).to.deep.equal([0, 1024.5, 512, 512, 1024, 1000, 1_572_864, 2e9])
  })

  it('is refused as anything else', () => {
    const wrong = ['', 'KiB', '1 KiB more', '-1 KiB', '1e3', '1 parsec', NaN, -1]
    expect(wrong.map((limit) => codeOfThrown(() => parseBytes(limit, 'limit')))).to.deep.equal(
      wrong.map(() => 'ERR_OPTION_RANGE'),
    )
    for (const limit of [undefined, null, {}, [1], 1n]) {
      expect(codeOfThrown(() => parseBytes(limit, 'limit'))).to.equal('ERR_OPTION_TYPE')
    }
  })
})

describe('options of a measurement of retained bytes', () => {
  it('are refused before the first call', async () => {
    let calls = 0
    const call = (): number => calls++
    const refusals: [unknown, unknown, string][] = [
      [undefined, undefined, 'ERR_OPTION_TYPE'],
      ['text', {}, 'ERR_OPTION_TYPE'],
      [call, { time: 100 }, 'ERR_OPTION_UNKNOWN'],
      [call, { times: 3 }, 'ERR_OPTION_RANGE'],
      [call, { times: '100' }, 'ERR_OPTION_TYPE'],
      [call, { warmUp: -1 }, 'ERR_OPTION_RANGE'],
      [call, { callTimeoutMs: 0 }, 'ERR_OPTION_RANGE'],
      [call, { signal: {} }, 'ERR_OPTION_TYPE'],
      [call, [], 'ERR_OPTION_TYPE'],
    ]
    for (const [given, options, code] of refusals) {
      expect(
        await codeOfRejected(retainedBytes(given as Parameters<typeof retainedBytes>[0], options as RetainedOptions)),
      ).to.equal(code)
      expect(
        codeOfThrown(() => expectRetained(given as Parameters<typeof retainedBytes>[0], options as RetainedOptions)),
      ).to.equal(code)
    }
    expect(await codeOfRejected(expectRetained(call).toBeBelow('much'))).to.equal('ERR_OPTION_RANGE')
    expect(calls).to.equal(0)
  })
})

describe('what rounds decide', () => {
  const round = (bytes: number, more: Partial<Round> = {}): Round => ({
    bytes,
    uncertaintyBytes: 100,
    quantities: { allocatedBytes: null, heapBytes: bytes, mappedBytes: null },
    batches: { grown: [], controls: [], callsPerBatch: 10 },
    isSteady: true,
    isLong: false,
    durationMs: 100,
    ...more,
  })
  const LIMIT = 1000

  it('is below with the first that lies below', () => {
    expect(decide([round(100)], LIMIT)).to.equal('below')
    expect(decide([round(5000), round(100)], LIMIT)).to.equal('below')
  })

  it('is above with two in a row and a long one behind them, no sooner', () => {
    expect(decide([round(5000)], LIMIT)).to.equal('another')
    expect(decide([round(5000), round(5000)], LIMIT)).to.equal('a long one')
    expect(decide([round(5000), round(5000), round(5000, { isLong: true })], LIMIT)).to.equal('above')
  })

  it('is not above where the growth falls off', () => {
    const last = round(5000, { isLong: true, isSteady: false })
    expect(decide([round(5000), round(5000), last], LIMIT)).to.equal('undecided')
  })

  it('is left to a long one where three are open', () => {
    expect(decide([round(1000), round(1050)], LIMIT)).to.equal('another')
    expect(decide([round(1000), round(1050), round(990)], LIMIT)).to.equal('a long one')
    expect(decide([round(1000), round(1050), round(990), round(1040, { isLong: true })], LIMIT)).to.equal('undecided')
  })
})
