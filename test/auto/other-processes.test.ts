/** Processes that NODE_OPTIONS reaches besides the service: threads, children, package managers, test runners. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { findAdminSocket } from '../helpers/internals/support.js'
import { AUTO, ask, socketOf, startNode } from './programs.js'
import type { Program } from './programs.js'

const SERVICE = fileURLToPath(new URL('fixtures/service.js', import.meta.url))
const MOCHA = fileURLToPath(new URL('../../../node_modules/mocha/bin/mocha.js', import.meta.url))

describe('under NODE_OPTIONS', function () {
  this.timeout(60_000)
  const base = mkdtempSync(path.join(os.tmpdir(), 'auto-'))
  const env = { XDG_RUNTIME_DIR: base, NODE_OPTIONS: `--import ${AUTO}`, CACHE_ATTRIBUTION_ADMIN: 'port' }
  const programs: Program[] = []
  const children: number[] = []
  afterEach(async () => {
    for (const pid of children.splice(0)) killed(pid)
    for (const program of programs.splice(0)) await program.stop()
  })
  after(() => {
    rmSync(base, { recursive: true })
  })

  function start(args: readonly string[], options: { readonly cwd?: string; readonly command?: string } = {}): Program {
    const program = startNode(args, { env, ...options })
    programs.push(program)
    return program
  }

  async function pidOf(program: Program, name: string): Promise<number> {
    await program.prints(new RegExp(`${name}=\\d+;`))
    const pid = Number(new RegExp(`${name}=(\\d+);`).exec(program.stdout())?.[1])
    if (pid !== program.pid) children.push(pid)
    return pid
  }

  function announcements({ stderr }: Program): number {
    return stderr().match(/is served at/g)?.length ?? 0
  }

  it('children of a service are found by their id, open no port and say nothing', async () => {
    const program = start([SERVICE, 'children'])
    const pids = [await pidOf(program, 'forked'), await pidOf(program, 'spawned')]
    const underTest = await pidOf(program, 'under-test')
    for (const pid of pids) {
      const { status } = await ask({ socketPath: await socketOf(pid) }, 'status')
      expect(status).to.equal(200)
    }
    await program.prints('is served at')
    await delay(300)
    expect(announcements(program)).to.equal(1)
    expect(program.stderr().match(/http:/g)).to.have.length(1)
    expect(await findAdminSocket(underTest)).to.equal(null)
  })

  it('workers of a cluster each have their own socket, and say nothing', async () => {
    const program = start([SERVICE, 'cluster'])
    const worker = await pidOf(program, 'worker')
    const socketPath = await socketOf(worker)
    const { body } = await ask({ socketPath }, 'status')
    expect(JSON.parse(body)).to.have.nested.property('process.pid', worker)
    await program.prints('is served at')
    expect(announcements(program)).to.equal(1)
  })

  it('a thread has none, and its process has one', async () => {
    const program = start([SERVICE, 'thread'])
    await pidOf(program, 'thread')
    await program.prints('is served at')
    await delay(300)
    expect(announcements(program)).to.equal(1)
    expect((await ask({ socketPath: await socketOf(program.pid) }, 'status')).status).to.equal(200)
  })

  it('a test runner and its tests are left alone', async () => {
    const test = path.join(base, 'some.test.mjs')
    writeFileSync(
      test,
      `import { test } from 'node:test'\ntest('one', () => new Promise((done) => setTimeout(done, 500)))\n`,
    )
    const builtin = start(['--test', test])
    const spec = path.join(base, 'some.spec.cjs')
    writeFileSync(spec, `it('one', (done) => setTimeout(done, 500))\n`)
    const mocha = start([MOCHA, '--no-config', spec])
    expect([await builtin.ended, await mocha.ended]).to.deep.equal([0, 0])
    for (const { stderr } of [builtin, mocha]) expect(stderr()).not.to.contain('cache-attribution')
    expect(builtin.stdout() + mocha.stdout()).not.to.contain('cache-attribution')
  })

  it('a package manager is left alone, and the program that it starts is served', async function () {
    const folder = path.join(base, 'project')
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      path.join(folder, 'package.json'),
      JSON.stringify({ name: 'project', scripts: { start: 'node app.js' } }),
    )
    writeFileSync(path.join(folder, 'app.js'), 'console.log(`app=${process.pid};`); setInterval(() => {}, 1000)')
    const npm = start(['start'], { cwd: folder, command: 'npm' })
    const pid = await pidOf(npm, 'app')
    expect((await ask({ socketPath: await socketOf(pid) }, 'status')).status).to.equal(200)
    await npm.prints('is served at')
    await delay(300)
    expect(announcements(npm)).to.equal(1)
    expect(npm.stderr()).to.contain(`process ${String(pid)} is served at`)
    expect(await findAdminSocket(npm.pid)).to.equal(null)
  })
})

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended with its parent.
  }
}
