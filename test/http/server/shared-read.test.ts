import { expect } from 'chai'
import { SharedRead, encodedOnce } from '../../helpers/internals/http-server.js'

describe('a shared reading', () => {
  const LIFETIME = { leastMs: 1000, timesCost: 20, mostMs: 30_000 }
  let nowMs = 0
  let count = 0
  const readerOf = (costMs: number): SharedRead<{ readonly count: number }> =>
    new SharedRead(
      () => {
        nowMs += costMs
        return { count: ++count }
      },
      LIFETIME,
      () => nowMs,
    )
  beforeEach(() => ([nowMs, count] = [0, 0]))

  it('is made once for those who ask meanwhile, who are told its age', async () => {
    const reader = readerOf(5)
    expect(await reader.get()).to.deep.equal({ value: { count: 1 }, ageMs: 0 })
    nowMs = 1005
    expect(await reader.get()).to.deep.equal({ value: { count: 1 }, ageMs: 1000 })
    nowMs = 1006
    expect((await reader.get()).value.count).to.equal(2)
  })

  for (const [costMs, goodMs] of [
    [0, 1000],
    [100, 2000],
    [5000, 30_000],
  ] as const) {
    it(`is good for ${goodMs} ms when it took ${costMs} ms`, async () => {
      const reader = readerOf(costMs)
      await reader.get()
      nowMs = costMs + goodMs
      expect((await reader.get()).value.count).to.equal(1)
      nowMs++
      expect((await reader.get()).value.count).to.equal(2)
    })
  }

  it('is waited for by those who ask while it is made', async () => {
    let end: (value: object) => void = () => undefined
    const reader = new SharedRead(
      () => {
        count++
        return new Promise<object>((resolve) => (end = resolve))
      },
      LIFETIME,
      () => nowMs,
    )
    const values = [reader.get(), reader.get(), reader.get()]
    await Promise.resolve()
    end({})
    const [first, ...others] = await Promise.all(values)
    for (const other of others) expect(other.value).to.equal(first?.value)
    expect(count).to.equal(1)
  })

  it('is made anew for another version', async () => {
    const reader = readerOf(0)
    const counts = []
    for (const version of ['a', 'a', 'b', 'b', undefined]) counts.push((await reader.get(version)).value.count)
    expect(counts).to.deep.equal([1, 1, 2, 2, 3])
  })

  it('fails for all who share it, whether it throws or rejects, and is made again in its time', async () => {
    for (const fail of [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
    ]) {
      count = 0
      const reader = new SharedRead<object>(
        () => {
          count++
          return fail()
        },
        LIFETIME,
        () => nowMs,
      )
      for (let time = 0; time < 3; time++) {
        const error: unknown = await reader.get().catch((thrown: unknown) => thrown)
        expect(error).to.have.property('message', 'no')
      }
      expect(count).to.equal(1)
      nowMs += 1001
      await reader.get().catch(() => undefined)
      expect(count).to.equal(2)
    }
  })

  it('is encoded once in each form', () => {
    const value = {}
    const encode = (): Uint8Array<ArrayBuffer> => new Uint8Array([++count])
    expect(encodedOnce(value, 'json', encode)).to.equal(encodedOnce(value, 'json', encode))
    expect(encodedOnce(value, 'text', encode)).to.deep.equal(new Uint8Array([2]))
  })
})
