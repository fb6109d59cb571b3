import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { linesAt } from '../../helpers/internals/heap-profile-symbols.js'

const ADDRESSES = Float64Array.of(0x1000)
/** Mocha has a timer of its own, from the first wait of a test. */
const begun = (): Promise<void> => delay(1)
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

function tool(command: string, ...args: readonly string[]): { command: string; args: () => string[] } {
  return { command, args: () => [...args] }
}

describe('linesAt()', () => {
  it('knows nothing without a tool, and holds the process no longer', async () => {
    await begun()
    const before = timers()
    expect(await linesAt('/bin/sh', ADDRESSES, undefined, [tool('no-such-tool'), tool('false')])).to.equal(null)
    expect(timers()).to.equal(before)
  })

  it('takes the next tool where the first is missing or fails', async () => {
    const answer = String.raw`printf '0x1000\nmain\n/src/a.c:7\n'`
    const found = await linesAt('/bin/sh', ADDRESSES, undefined, [tool('false'), tool('sh', '-c', answer)])
    expect(found?.[0]?.[0]).to.deep.include({ name: 'main' })
  })

  it('ends with its signal', async () => {
    await begun()
    const before = timers()
    const signal = AbortSignal.timeout(20)
    expect(await linesAt('/bin/sh', ADDRESSES, signal, [tool('sleep', '30')])).to.equal(null)
    expect(timers()).to.be.most(before)
  })
})
