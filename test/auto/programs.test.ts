/** Programs under `auto`: what they serve, and that they do not notice. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { findAdminSocket } from '../helpers/internals/support.js'
import { AUTO, ask, socketOf, startNode } from './programs.js'
import type { Program } from './programs.js'
import { thorough } from '../helpers/thorough.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

describe('a program under auto', function () {
  this.timeout(60_000)
  const base = mkdtempSync(path.join(os.tmpdir(), 'auto-'))
  const session = path.join(base, 'session')
  const programs: Program[] = []
  before(() => {
    mkdirSync(session)
  })
  afterEach(async () => {
    for (const program of programs.splice(0)) await program.stop()
  })
  after(() => {
    rmSync(base, { recursive: true })
  })

  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string): Program {
    const options = { env: { XDG_RUNTIME_DIR: session, ...env }, ...(cwd === undefined ? {} : { cwd }) }
    const program = startNode(args, options)
    programs.push(program)
    return program
  }

  /** Lives until it is stopped. */
  const LIVES = ['--import', AUTO, '-e', 'setInterval(() => {}, 1000); console.log("up")']

  /** Every line of the announcement. */
  function announced({ stderr }: Program): string[] {
    return stderr()
      .split('\n')
      .filter((line) => line.startsWith('cache-attribution: process '))
  }

  it('serves a socket that its id finds, and that nobody else may open', async () => {
    const program = start(LIVES)
    const socketPath = await socketOf(program.pid)
    expect(path.dirname(socketPath)).to.equal(path.join(session, 'cache-attribution'))
    await program.prints('is served at')
    expect(statSync(path.dirname(socketPath)).mode & 0o777).to.equal(0o700)
    expect(statSync(socketPath).mode & 0o777).to.equal(0o600)
    const status = await ask({ socketPath }, 'status')
    expect(status.status).to.equal(200)
    expect(JSON.parse(status.body)).to.have.nested.property('process.pid', program.pid)
    const run = await ask({ socketPath }, 'attribution?mode=twin', { method: 'POST' })
    expect(run.status, run.body).to.equal(200)
  })

  it('says where it is served, once, on stderr alone', async () => {
    const program = start(LIVES)
    const socketPath = await socketOf(program.pid)
    await program.prints('is served at')
    const id = String(program.pid)
    expect(announced(program)).to.deep.equal([
      `cache-attribution: process ${id} is served at ${socketPath} (cache-attribution attribute ${id})`,
    ])
    expect(program.stdout()).to.equal('up\n')
  })

  it('serves in silence where it is asked to be quiet, and nothing where that is off', async () => {
    const quiet = start(LIVES, { CACHE_ATTRIBUTION_QUIET: '1' })
    await socketOf(quiet.pid)
    const [off, allOff] = [
      start(LIVES, { CACHE_ATTRIBUTION_ADMIN: 'off' }),
      start(LIVES, { CACHE_ATTRIBUTION_AUTO: '0' }),
    ]
    await Promise.all([off.prints('up'), allOff.prints('up')])
    await delay(400)
    expect([quiet.stderr(), off.stderr(), allOff.stderr()]).to.deep.equal(['', '', ''])
    expect([await findAdminSocket(off.pid), await findAdminSocket(allOff.pid)]).to.deep.equal([null, null])
  })

  it('ends as it would, and takes its socket with it', async () => {
    const program = start(['--import', AUTO, '-e', 'setTimeout(() => { process.exitCode = 3 }, 1500)'])
    const socketPath = await socketOf(program.pid)
    // A client that stays connected keeps nobody alive.
    const client = net.connect(socketPath)
    client.on('error', () => undefined)
    expect(await program.ended).to.equal(3)
    client.destroy()
    expect(existsSync(socketPath)).to.equal(false)
  })

  thorough('opens nothing where it ends at once', async () => {
    const program = start(['--import', AUTO, '-e', 'console.log(1)'])
    expect(await program.ended).to.equal(0)
    expect([program.stdout(), program.stderr()]).to.deep.equal(['1\n', ''])
  })

  thorough('may be loaded by --require, and more than once', async () => {
    const program = start(['--require', fileURLToPath(AUTO), '--import', AUTO, ...LIVES])
    await socketOf(program.pid)
    await program.prints('is served at')
    await delay(200)
    expect(announced(program)).to.have.length(1)
  })

  it('removes the socket of a killed process, and not one that is served', async () => {
    const [killed, living] = [start(LIVES), start(LIVES)]
    const [dead, served] = [await socketOf(killed.pid), await socketOf(living.pid)]
    await killed.stop()
    expect(existsSync(dead)).to.equal(true)
    await socketOf(start(LIVES).pid)
    expect(existsSync(dead)).to.equal(false)
    expect(existsSync(served)).to.equal(true)
    expect((await ask({ socketPath: served }, 'status')).status).to.equal(200)
  })

  thorough('takes another name where one of another container has its id', async () => {
    const folder = path.join(session, 'cache-attribution')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    // As a container that shares the folder, and counts its processes anew.
    const script = `process.stdin.once('data', () => import(${JSON.stringify(AUTO)})); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['-e', script], {
      env: { ...process.env, XDG_RUNTIME_DIR: session, NODE_OPTIONS: '' },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    const other = net.createServer().listen(path.join(folder, `${String(child.pid)}.sock`))
    await once(other, 'listening')
    try {
      child.stdin.write('go')
      const socketPath = await socketOf(child.pid ?? 0)
      expect(path.basename(socketPath)).to.match(new RegExp(`^${String(child.pid)}-[0-9a-f]{6}\\.sock$`))
      expect((await ask({ socketPath }, 'status')).status).to.equal(200)
    } finally {
      child.kill('SIGKILL')
      await new Promise((resolve) => other.close(resolve))
    }
  })

  thorough('goes to the next folder where one is not its own', async function () {
    if (process.getuid?.() !== 0) this.skip()
    const foreign = path.join(base, 'foreign')
    mkdirSync(path.join(foreign, 'cache-attribution'), { recursive: true })
    const { chownSync } = await import('node:fs')
    chownSync(path.join(foreign, 'cache-attribution'), 12_345, 12_345)
    const program = start(LIVES, { XDG_RUNTIME_DIR: foreign, TMPDIR: base })
    expect(await socketOf(program.pid)).to.equal(path.join(base, 'cache-attribution-0', `${String(program.pid)}.sock`))
    expect(readdirSync(path.join(foreign, 'cache-attribution'))).to.deep.equal([])
  })

  it('serves a free port where it is asked to, to this machine alone', async () => {
    const program = start(LIVES, { CACHE_ATTRIBUTION_ADMIN: 'port' })
    await program.prints(/http:\/\/127\.0\.0\.1:\d+\/debug\/memory/)
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(program.stderr())?.[1])
    expect((await ask({ host: '127.0.0.1', port }, 'status')).status).to.equal(200)
    const rebound = await ask({ host: '127.0.0.1', port }, 'status', { headers: { host: 'evil.example' } })
    expect(rebound.status).to.equal(403)
  })

  it('wants the token over a port where there is one, and none over its socket', async () => {
    const token = 'a-token-of-twenty-one'
    const program = start(LIVES, { CACHE_ATTRIBUTION_ADMIN: '127.0.0.1:0', CACHE_ATTRIBUTION_TOKEN: token })
    await program.prints('/debug/memory')
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(program.stderr())?.[1])
    expect((await ask({ host: '127.0.0.1', port }, 'status')).status).to.equal(401)
    const headers = { authorization: `Bearer ${token}` }
    expect((await ask({ host: '127.0.0.1', port }, 'status', { headers })).status).to.equal(200)
    expect((await ask({ socketPath: await socketOf(program.pid) }, 'status')).status).to.equal(200)
  })

  it('runs on where the port is in use, with a warning and its socket', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as net.AddressInfo
    const program = start(LIVES, { CACHE_ATTRIBUTION_ADMIN: String(port) })
    await program.prints('WARN_AUTO_ENDPOINT')
    expect(program.stderr()).to.contain('EADDRINUSE')
    expect((await ask({ socketPath: await socketOf(program.pid) }, 'status')).status).to.equal(200)
    await new Promise((resolve) => taken.close(resolve))
  })

  thorough('runs on where no folder takes a socket', async () => {
    const file = path.join(base, 'a-file')
    writeFileSync(file, '')
    // Too long for a socket, no folder: what is left is memory.
    const program = start(LIVES, { XDG_RUNTIME_DIR: file, TMPDIR: `/${'x'.repeat(200)}` })
    expect(path.dirname(await socketOf(program.pid))).to.match(/^\/dev\/shm\/cache-attribution-\d+$/)
  })

  thorough('warns of what it does not understand of the environment, and runs on', async () => {
    const program = start(LIVES, { CACHE_ATTRIBUTION_LOG: 'often', CACHE_ATTRIBUTION_HISTRY: '/x' })
    await program.prints('up')
    await socketOf(program.pid)
    expect(program.stderr().match(/WARN_AUTO_SETTING/g)).to.have.length(2)
    expect(program.stderr()).to.contain('did you mean CACHE_ATTRIBUTION_HISTORY?')
  })

  it('keeps a history and logs where the environment names them', async () => {
    const history = path.join(base, 'history')
    const program = start(LIVES, {
      CACHE_ATTRIBUTION_HISTORY: history,
      CACHE_ATTRIBUTION_LOG: '1s',
      CACHE_ATTRIBUTION_ATTRIBUTE: '2s',
    })
    await program.prints('"event":"memory-report","mode":"twin"', 40_000)
    const logged = (): string[] =>
      program
        .stderr()
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.startsWith('{'))
    // Which of the two is logged first depends on how long the run takes.
    while (logged().length < 2) await delay(50)
    const lines = logged()
    for (const line of lines) expect(JSON.parse(line)).to.be.an('object')
    expect(readdirSync(history).some((name) => name.endsWith('.ndjson'))).to.equal(true)
    expect(program.stdout()).to.equal('up\n')
    const { body } = await ask({ socketPath: await socketOf(program.pid) }, 'status')
    expect(JSON.parse(body)).to.include({ hasHistory: true })
  })

  thorough('runs on where the history cannot be kept', async () => {
    const program = start(LIVES, { CACHE_ATTRIBUTION_HISTORY: '/proc/nothing/here', CACHE_ATTRIBUTION_LOG: '1s' })
    await program.prints('{')
    expect(program.child.exitCode).to.equal(null)
    expect((await ask({ socketPath: await socketOf(program.pid) }, 'status')).status).to.equal(200)
  })

  thorough('runs on under the permission model, which allows nothing of this', async () => {
    const [major = 0] = process.versions.node.split('.').map(Number)
    const flag = major >= 24 ? '--permission' : '--experimental-permission'
    const program = start([flag, `--allow-fs-read=${ROOT}*`, ...LIVES])
    await program.prints('up')
    await delay(500)
    expect(program.child.exitCode).to.equal(null)
  })
})
