/**
 * A service whose code knows nothing of this package: `auto` finds its caches, and another process asks for their sizes by the
 * process id.
 *
 *   npx cache-attribution run dist/examples/15-auto.js
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { AttributionReport } from 'cache-attribution'
import { supportsTwin } from 'cache-attribution/twin'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const COMMAND = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))

/** An ordinary service: two caches of libraries, and tenants with one each. */
const SERVICE = `import { LRUCache } from 'lru-cache'
import NodeCache from 'node-cache'

const thumbnails = new LRUCache({ max: 1000 })
for (let id = 0; id < 200; id++) thumbnails.set(id, Buffer.alloc(65_536, 1))

const sessions = new NodeCache({ useClones: false, checkperiod: 0 })
for (let id = 0; id < 10_000; id++) sessions.set(id, { id, cart: [id + 0.5] })

const tenants = new Map()
for (let id = 0; id < 100; id++) tenants.set(id, new LRUCache({ max: 10 }))
for (const cache of tenants.values()) cache.set('settings', Array.from({ length: 500 }, (_, index) => index + 0.5))

setInterval(() => thumbnails.size + sessions.keys().length + tenants.size, 1000)
console.log('serving')
`

const support = supportsTwin()
if (support.supported && process.platform === 'linux') await show()
else console.log(`No twin can be made here: ${support.reason ?? process.platform}`)

async function show(): Promise<void> {
  // Within the project, so that the service finds its libraries.
  mkdirSync(path.join(ROOT, '.cache'), { recursive: true })
  const folder = mkdtempSync(path.join(ROOT, '.cache', 'auto-example-'))
  writeFileSync(path.join(folder, 'service.mjs'), SERVICE)
  const service = start([COMMAND, 'run', '--quiet', '--auto', 'service.mjs'], folder)
  try {
    const [announced] = await Promise.all([
      line(service.stderr, /process (\d+) is served at/),
      line(service.stdout, /serving/),
    ])
    console.log(announced.input.trim())
    const pid = announced[1] ?? ''
    const table = start([COMMAND, 'attribute', pid], ROOT)
    console.log(await outputOf(table))
    const json = start([COMMAND, 'attribute', pid, '--json'], ROOT)
    check(JSON.parse(await outputOf(json)) as AttributionReport)
  } finally {
    service.kill('SIGTERM')
    await once(service, 'close')
    rmSync(folder, { recursive: true })
  }
}

function check({ caches }: AttributionReport): void {
  const row = (ending: string): (typeof caches)[number] | undefined => caches.find(({ name }) => name.endsWith(ending))
  const [thumbnails, tenants] = [row(':4 LRUCache'), row(':11 LRUCache')]
  const bytes = thumbnails?.released.totalBytes ?? 0
  const isMeasured = Math.abs(bytes - 200 * 65_536) < 0.05 * 200 * 65_536
  if (!isMeasured || tenants?.instances !== 100 || row(':7 NodeCache')?.entriesBefore !== 10_000) {
    console.error('Self-check failed: three rows were to be there, the thumbnails of 13 MB, the tenants as one.')
    process.exitCode = 1
  }
}

function start(args: readonly string[], cwd: string): ChildProcess {
  const { NODE_OPTIONS: _options, CACHE_ATTRIBUTION_AUTO_PID: _pid, ...env } = process.env
  return spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function line(stream: Readable | null, pattern: RegExp): Promise<RegExpExecArray> {
  let text = ''
  for await (const chunk of stream?.iterator({ destroyOnReturn: false }) ?? []) {
    text += String(chunk)
    const found = pattern.exec(text)
    if (found !== null) return found
  }
  throw new Error(`the service ended: ${text}`)
}

async function outputOf(child: ChildProcess): Promise<string> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the command ended with ${String(code)}: ${stderr}`)
  return stdout
}
