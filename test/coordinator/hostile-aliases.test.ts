/** One object under many names: what each name costs does not grow with their number. */
import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import { World } from './world.js'

/** Milliseconds for registering one object under so many names, and taking them back. */
function costOf(count: number): number {
  const world = new World()
  const coordinator = world.coordinator()
  let longest = 0
  coordinator.on('warning', ({ message }) => (longest = Math.max(longest, message.length)))
  const cache = world.cache('users', {})
  const startMs = performance.now()
  const registrations = Array.from({ length: count }, (_, index) =>
    coordinator.register(`name ${String(index)}`, cache),
  )
  for (const registration of registrations) expect(registration.unregister()).to.equal(true)
  const tookMs = performance.now() - startMs
  expect(longest).to.be.within(1, 1000)
  return tookMs
}

describe('one object under many names', () => {
  it('costs a name the same, however many there are', () => {
    costOf(2000)
    const least = (count: number): number => Math.min(costOf(count), costOf(count), costOf(count))
    // Quadratic work would take a hundred times as long.
    expect(least(20_000) / least(2000)).to.be.below(40)
  })

  it('is told with its first names, the newest, and their number', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    const messages: string[] = []
    coordinator.on('warning', ({ message }) => messages.push(message))
    const cache = world.cache('users', {})
    for (let index = 0; index < 20; index++) coordinator.register(`n${String(index)}`, cache)
    expect(messages[0]).to.match(/^"n0" and "n1" are the same object/)
    expect(messages.at(-1)).to.match(/^"n0" and .*"n6" and "n19" and 12 more are the same object/)
    const { warnings } = await coordinator.attribute({ mode: 'release' })
    expect(warnings.find(({ code }) => code === 'WARN_ALIASED')?.message).to.match(
      /"n7" and 12 more are the same object/,
    )
  })
})
