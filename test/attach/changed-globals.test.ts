/** Applications that changed what is shared by all of a process: the agent works all the same, or says what is in its way. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Attachment } from '../helpers/internals/attach-client.js'
import type { Discovery } from '../../src/twin/index.js'
import { targets } from './target.js'
import type { Target } from './target.js'

const FILE = fileURLToPath(new URL('fixtures/changed-globals.js', import.meta.url))

/** Ids of the processes that watch over an attach to this one. */
function guardsOf(pid: number): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`guard-process.js\0${String(pid)}\0`)
      )
    } catch {
      return false
    }
  })
}

describe('attach to a process that changed its', function () {
  this.timeout(120_000)
  const start = targets()

  /** Still there, with all that it held and without an inspector. */
  async function isAsBefore(target: Target): Promise<void> {
    const endMs = performance.now() + 30_000
    const before = { entries: 2000, inspector: false }
    while ((await target.state())['inspector'] === true && performance.now() < endMs) await delay(50)
    expect(await target.state()).to.deep.equal(before)
    expect(target.child.exitCode).to.equal(null)
  }

  async function ownersOf(target: Target): Promise<Discovery> {
    const attachment = await Attachment.open(target.pid)
    try {
      return (await attachment.ask('discover', { limit: 20 })) as Discovery
    } finally {
      await attachment.close()
    }
  }

  for (const [what, change] of [
    ['global process, which is found all the same', 'process'],
    ['timers, without which the agent waits', 'timers'],
  ] as const) {
    it(what, async () => {
      const target = await start({ file: FILE, args: [change] })
      const { owners } = await ownersOf(target)
      const held = owners.find(({ entries }) => entries === 2000)
      expect(held?.retained.memoryBytes, JSON.stringify(owners)).to.equal(2000 * 4096)
      await isAsBefore(target)
    })
  }

  for (const [what, change, expected] of [
    [
      'built-in objects: told, each by its name',
      'builtins',
      /ERR_ATTACH_AGENT: .*JSON, Array\.prototype\.flatMap, globalThis$/,
    ],
    ['way to load addons: told', 'dlopen', /ERR_ATTACH_ADDON: .*not here.*replaced process\.dlopen\(\)$/],
  ] as const) {
    it(what, async () => {
      const target = await start({ file: FILE, args: [change] })
      // A guard that stayed would take the inspector of the next attach for that of the one before.
      for (let time = 0; time < 3; time++) {
        const refused: unknown = await Attachment.open(target.pid).catch((error: unknown) => error)
        expect((refused as Error).message).to.match(expected)
        const endMs = performance.now() + 10_000
        while (guardsOf(target.pid).length > 0 && performance.now() < endMs) await delay(50)
        expect(guardsOf(target.pid)).to.deep.equal([])
      }
      await isAsBefore(target)
    })
  }
})
