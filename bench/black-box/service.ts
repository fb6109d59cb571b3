/**
 * A service that records into a black box: `idle`, `busy` (requests that come and go), `grow` (within one synchronous stretch, until
 * somebody ends it), `wait` (grows a little in every turn), `climb` (grows in
 * every turn until it is killed, and prints its entries; the third argument is `none` for no box, `plain` for one that does nothing near
 * the limit, or `rule`).
 */
import { writeSync } from 'node:fs'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { Coordinator } from '../../src/index.js'
import { BlackBox } from '../../src/profiling/index.js'

/** What recording cost. */
export interface BlackBoxCost {
  /** Of one processor. */
  readonly threadShare: number
  /** All of it, the event loop's part and collections included: recording less not recording. */
  readonly processShare: number
}

const [file = '', mode = 'idle', seconds = '10'] = process.argv.slice(2)
const sessions = new Map<string, object>()
const settings = new Map([['theme', 'dark']])
const coordinator = new Coordinator()
coordinator.register('sessions', { release: () => sessions.clear(), entries: () => sessions.size })
coordinator.register('settings', { release: () => settings.clear(), entries: () => settings.size })

if (mode === 'climb') await climb(seconds)
else if (mode === 'grow' || mode === 'wait') {
  await BlackBox.open(file, { coordinator })
  process.stdout.write('ready\n')
  await delay(150)
  if (mode === 'wait') setInterval(() => rememberSessions(10), 20)
  else for (;;) rememberSessions(1000)
} else {
  process.stdout.write(`${JSON.stringify(await cost(Number(seconds) * 1000))}\n`)
}

/** Slices with and without a box in turn, so that what else the machine does is in both. */
async function cost(ms: number): Promise<BlackBoxCost> {
  const SLICES = 6
  const used = { on: 0, off: 0, thread: 0, wall: 0 }
  for (let slice = 0; slice < SLICES; slice++) {
    for (const isOn of slice % 2 === 0 ? [true, false] : [false, true]) {
      const box = isOn ? await BlackBox.open(`${file}-${String(slice)}`, { coordinator }) : null
      const before = process.cpuUsage()
      const startMs = performance.now()
      await work(ms / SLICES)
      const { user, system } = process.cpuUsage(before)
      used[isOn ? 'on' : 'off'] += (user + system) / 1000
      if (box === null) continue
      used.thread += box.cpuMs
      used.wall += performance.now() - startMs
      await box.close()
    }
  }
  return { threadShare: used.thread / used.wall, processShare: (used.on - used.off) / used.wall }
}

/** A fixed rate of requests: what is left of each slice is idle, so that processor time compares. */
async function work(ms: number): Promise<void> {
  const endMs = performance.now() + ms
  while (performance.now() < endMs) {
    if (mode === 'busy') {
      for (let index = 0; index < 200; index++) sessions.set(`s${String(index)}`, { items: new Array(200).fill(index) })
    }
    await delay(10)
  }
}

function rememberSessions(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs) {
    for (let index = 0; index < 20; index++) {
      sessions.set(`session ${String(sessions.size)}`, { user: sessions.size, items: new Array(60).fill(index) })
    }
  }
}

async function climb(kind: string): Promise<never> {
  if (kind !== 'none') await BlackBox.open(file, { coordinator, dumps: kind === 'rule' })
  for (;;) {
    for (let index = 0; index < 250; index++) {
      sessions.set(`session ${String(sessions.size)}`, { user: sessions.size, items: new Array(60).fill(index) })
    }
    writeSync(1, `${String(sessions.size)}\n`)
    await turn()
  }
}
