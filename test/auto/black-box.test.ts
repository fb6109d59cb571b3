import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { JEMALLOC, needsJemalloc } from '../helpers/child.js'
import { thorough } from '../helpers/thorough.js'

const COMMAND = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

/** A program without a word of this package, that never lets the event loop turn. */
const APP = `
const { LRUCache } = require(${JSON.stringify(fileURLToPath(new URL('../../../node_modules/lru-cache', import.meta.url)))})
const pages = new LRUCache({ max: 1e7 })
function renderPages(ms) {
  const end = Date.now() + ms
  for (let page = 0; Date.now() < end; ) for (let k = 0; k < 10; k++) pages.set(page++, { page, text: new Array(200).fill(page) })
}
renderPages(1200)
process.kill(process.pid, process.argv[2])
setTimeout(() => {}, 5000)
`

describe('run --black-box, postmortem', function () {
  let folder: string
  before(function () {
    needsJemalloc(this)
    folder = mkdtempSync(path.join(os.tmpdir(), 'black-box-'))
    writeFileSync(path.join(folder, 'app.cjs'), APP)
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const command = (...args: string[]): { stdout: string; stderr: string; status: number | null } => {
    const env = {
      ...process.env,
      CACHE_ATTRIBUTION_JEMALLOC: undefined,
      NODE_V8_COVERAGE: undefined,
      LD_PRELOAD: JEMALLOC,
    }
    return spawnSync(process.execPath, [COMMAND, ...args], { cwd: folder, env, encoding: 'utf8' })
  }

  const died = (): void => {
    command('run', '--no-fetch', '--black-box', 'boxes', 'app.cjs', 'SIGKILL')
  }

  it('names the cache and the function of a program that knows nothing of it', function () {
    this.timeout(60_000)
    died()
    const json = JSON.parse(command('postmortem', '--json', 'boxes').stdout) as {
      headline: string[]
      caches: { name: string; entries: { to: number } }[]
      ran: { innermost: { function: string; line: number }[] }
    }
    expect(json.headline).to.have.length(3)
    expect(json.headline[0]).to.match(/^app\.cjs \(process \d+\) ended without notice/)
    expect(json.caches[0]?.name).to.match(/app\.cjs:3 LRUCache$/)
    expect(json.caches[0]?.entries.to).to.be.above(100)
    expect(json.ran.innermost[0]).to.deep.include({ function: 'renderPages' })

    const text = command('postmortem', 'boxes').stdout
    expect(text).to.contain(json.headline[0] ?? '?')
    expect(text).to.match(/resident +[▁▂▃▄▅▆▇█ ]+ .* → /)
    expect(text).to.match(/before the end +resident/)
    expect(text).to.match(/newest stack: .*renderPages \(app\.cjs:\d+\)/s)
  })

  thorough('says at the next start how the last life ended', function () {
    this.timeout(60_000)
    died()
    const next = command('run', '--no-fetch', '--black-box', 'boxes', 'app.cjs', 'SIGCONT')
    expect(next.stderr).to.match(/the last life of this program: app\.cjs \(process \d+\) ended without notice/)
    const boxes = readdirSync(path.join(folder, 'boxes')).filter((name) => name.endsWith('.blackbox'))
    expect(boxes).to.have.length(2)
  })

  it('runs a program whose box cannot be made, and says why', function () {
    this.timeout(30_000)
    writeFileSync(path.join(folder, 'file'), 'x')
    const run = command('run', '--no-fetch', '--black-box', 'file/boxes', 'app.cjs', 'SIGKILL')
    expect(run.stderr).to.match(/WARN_AUTO_FAILED.*no black box is recorded.*ENOTDIR/)
    expect(run.status).to.not.equal(2)
  })

  it('is refused by the command with a code, where it is no box, or none is there', () => {
    for (const [target, reason] of [
      ['app.cjs', /ERR_BLACK_BOX_FILE: .*no black box/],
      ['missing', /ERR_BLACK_BOX_FILE: .*ENOENT/],
      ['.', /ERR_BLACK_BOX_FILE: .*has no black box/],
      ['/dev/zero', /ERR_BLACK_BOX_FILE: .*no regular file/],
    ] as const) {
      const { status, stderr } = command('postmortem', target)
      expect(status).to.equal(1)
      expect(stderr).to.match(reason)
    }
    expect(command('postmortem').status).to.equal(2)
    expect(command('postmortem', 'a', 'b').status).to.equal(2)
  })
})
