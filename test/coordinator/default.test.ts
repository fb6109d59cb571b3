/** `Coordinator.default()`: one for the process, whichever copy of the package asks, as long as the copies understand each other. */
import { expect } from 'chai'
import { Coordinator } from '../../src/index.js'
import { DEFAULT_FILE } from '../helpers/internals/module-files.js'
import type { DefaultModule } from '../helpers/internals/module-files.js'
import { waitForShared } from '../helpers/internals/coordinator.js'

const KEY = Symbol.for('cache-attribution.default')
const AUTO = Symbol.for('cache-attribution.auto')
const release = (): void => undefined

/** Another copy of the module, as a second version of the package brings one. */
async function copy(name: string): Promise<DefaultModule> {
  const url = new URL(DEFAULT_FILE)
  url.search = `?copy=${name}`
  return import(url.href) as Promise<DefaultModule>
}

function warningsInto(list: string[]): (message: string) => void {
  return (message) => list.push(message)
}

describe('Coordinator.default()', () => {
  afterEach(async () => {
    const shared = Reflect.get(globalThis, KEY) as { coordinator?: unknown } | undefined
    if (shared?.coordinator instanceof Coordinator) await shared.coordinator.close()
    Reflect.deleteProperty(globalThis, KEY)
    Reflect.deleteProperty(globalThis, AUTO)
  })

  it('is the same at each call, and registers as any other', () => {
    const coordinator = Coordinator.default()
    coordinator.register('users', { release })
    expect(Coordinator.default()).to.equal(coordinator)
    expect(Coordinator.default().names).to.deep.equal(['users'])
    expect(coordinator).to.be.instanceOf(Coordinator)
  })

  it('is a new one after the last was closed, and leaves no global behind', async () => {
    const first = Coordinator.default()
    await first.close()
    expect(Reflect.has(globalThis, KEY)).to.equal(false)
    expect(Coordinator.default()).not.to.equal(first)
  })

  it('is not taken away by the closing of another coordinator', async () => {
    const coordinator = Coordinator.default()
    await new Coordinator().close()
    expect(Coordinator.default()).to.equal(coordinator)
  })

  it('is not enumerable among the globals', () => {
    Coordinator.default()
    expect(Object.getOwnPropertySymbols(globalThis)).to.include(KEY)
    expect(Reflect.getOwnPropertyDescriptor(globalThis, KEY)?.enumerable).to.equal(false)
  })

  it('is shared by another copy of the package', async () => {
    const other = await copy('same')
    const mine = Coordinator.default()
    const warnings: string[] = []
    expect(other.sharedCoordinator(() => ({}), warningsInto(warnings))).to.equal(mine)
    expect(warnings).to.deep.equal([])
  })

  it('is not shared with a copy of another interface, which is said once', async () => {
    const foreign = {}
    Object.defineProperty(globalThis, KEY, { value: { interface: 0, coordinator: foreign }, configurable: true })
    const other = await copy('different')
    const warnings: string[] = []
    const made = other.sharedCoordinator(() => ({}), warningsInto(warnings))
    expect(made).not.to.equal(foreign)
    expect(other.sharedCoordinator(() => ({}), warningsInto(warnings))).to.equal(made)
    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.contain('interface is 0, not 1')
    other.forgetShared(made)
    expect(other.sharedCoordinator(() => ({}), warningsInto(warnings))).not.to.equal(made)
    expect(Reflect.get(globalThis, KEY)).to.have.property('coordinator', foreign)
  })

  it('is handed to auto, whichever of the two was there first', async () => {
    const attached: unknown[] = []
    const first = Coordinator.default()
    waitForShared({ attach: (coordinator) => attached.push(coordinator), settle: () => undefined })
    expect(attached).to.deep.equal([first])
    await first.close()
    const second = Coordinator.default()
    expect(attached).to.deep.equal([first, second])
  })

  it('has auto register what it has found before it answers, and works with an auto that cannot', () => {
    const coordinator = Coordinator.default()
    const found = ['a', 'b', 'c', 'd', 'e']
    const settle = (): void => {
      const name = found.shift()
      if (name !== undefined) coordinator.register(name, { release: () => undefined })
    }
    waitForShared({ attach: () => undefined, settle })
    expect(coordinator.names).to.deep.equal(['a'])
    expect(coordinator.describeCaches().map(({ name }) => name)).to.deep.equal(['a', 'b'])
    expect(coordinator.observe().caches.map(({ name }) => name)).to.deep.equal(['a', 'b', 'c'])
    expect(coordinator.account('d', () => 7)).to.equal(7)
    Object.defineProperty(globalThis, AUTO, { value: { interface: 1, attach: () => undefined }, configurable: true })
    expect(coordinator.names).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('is not handed to an auto of another interface', () => {
    const attached: unknown[] = []
    const value = { interface: 0, attach: (coordinator: unknown) => attached.push(coordinator) }
    Object.defineProperty(globalThis, AUTO, { value, configurable: true })
    Coordinator.default()
    expect(attached).to.deep.equal([])
  })
})
