/**
 * A heap profile while a service works: which native code and which JavaScript allocated the memory that is still live.
 *
 *   npx cache-attribution run --profile dist/examples/08-heap-profile.js
 */
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import zlib from 'node:zlib'
import { formatTopTable, symbolize, topTable } from 'cache-attribution/heap-profile'
import { HeapProfiler } from 'cache-attribution/profiling'

/** The memory that the service keeps; a profile shows what is still reachable. */
const streams: zlib.DeflateRaw[] = []
const sessions: number[][] = []
const profiler = new HeapProfiler()
const { built, enabled } = profiler.state

if (built === true && enabled !== true && process.env['EXAMPLE_AGAIN'] === undefined) {
  // Profiling must be enabled when the process starts: `run --profile` does it.
  const self = fileURLToPath(import.meta.url)
  const conf = { MALLOC_CONF: 'prof:true,prof_active:false', EXAMPLE_AGAIN: '1' }
  process.exitCode =
    spawnSync(process.execPath, [self], { stdio: 'inherit', env: { ...process.env, ...conf } }).status ?? 1
} else {
  await profile(enabled === true)
}
await profiler.close()

async function profile(hasJemalloc: boolean): Promise<void> {
  const captures = [profiler.capture({ kind: 'js', seconds: 1, gc: true, sampleBytes: 4096 })]
  if (hasJemalloc) captures.push(profiler.capture({ seconds: 1, gc: true, sampleBytes: 16_384 }))
  else console.log('No profile of native memory: this process does not run under jemalloc with its profiler.\n')

  // A service that forgets to end its compressors, and keeps its sessions.
  for (let round = 0; round < 50; round++) {
    const stream = zlib.createDeflateRaw()
    stream.write('x')
    streams.push(stream)
    for (let id = 0; id < 500; id++) sessions.push([id, 0.5, 0.25, 0.125])
    await delay(5)
  }

  const [js, heap] = await Promise.all(captures)
  console.log('JavaScript objects that came and stayed:')
  console.log(js === undefined ? '' : formatTopTable(topTable(js), { limit: 3 }))
  const found = heap === undefined ? undefined : topTable(await symbolize(heap))
  if (found !== undefined) console.log(`\nNative memory that came and stayed:\n${formatTopTable(found, { limit: 5 })}`)

  const isFound =
    found === undefined || (found.total > 5e6 && found.rows.some(({ name }) => /zlib|deflate/i.test(name)))
  const isQuiet = profiler.state.active !== true
  if (!isFound || !isQuiet || js === undefined || topTable(js).total < 1_000_000) {
    console.error(
      'Self-check failed: the compressors and the sessions were to be found, and profiling to be off again.',
    )
    process.exitCode = 1
  }
  console.log(`\nThe service holds ${streams.length} compressors and ${sessions.length} sessions.`)
  for (const stream of streams) stream.destroy()
}
