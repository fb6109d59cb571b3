/**
 * The cost of an attach: time to the answer, pause, requests, memory left behind.
 *
 *   node dist/bench/attach.js [times]
 *
 * A plain server of a real process (test/attach/fixtures/plain-server.ts) is under load while it is attached to again and again.
 */
import process from 'node:process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Attachment } from '../src/attach/client/attachment.js'
import { Target } from '../test/attach/target.js'

const times = Number(process.argv[2] ?? 5)
const MIB = 1024 * 1024

const target = await Target.start()
try {
  await delay(1000)
  const rssBefore = rss(target.pid)
  const endLoad = target.load()
  for (let time = 1; time <= times; time++) {
    const attachment = await Attachment.open(target.pid)
    try {
      await attachment.ask('overview')
      const { longestPauseMs, durationMs, agentBytes } = await attachment.cost()
      console.log(
        `attach ${time}: ${durationMs.toFixed(0)} ms to the answer, longest pause ${longestPauseMs.toFixed(0)} ms, agent ${(agentBytes / MIB).toFixed(2)} MiB`,
      )
    } finally {
      await attachment.close()
    }
  }
  const { answered, failed } = await endLoad()
  await delay(2000)
  console.log(`requests: ${answered} answered, ${failed} failed`)
  console.log(
    `RSS: ${(rssBefore / MIB).toFixed(1)} MiB before, ${(rss(target.pid) / MIB).toFixed(1)} MiB after ${times} attaches`,
  )
} finally {
  await target.stop()
}

function rss(pid: number): number {
  const kib = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return 1024 * Number(kib)
}
