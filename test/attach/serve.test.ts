import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Discovery } from '../../src/twin/index.js'
import { MAIN } from '../cli/fixtures.js'
import { thorough } from '../helpers/thorough.js'
import { command, targets } from './target.js'
import type { Target } from './target.js'

const TOKEN = 'a-token-of-enough-letters'
const REGISTERED = new URL('fixtures/registered.js', import.meta.url).pathname
const QUERIES = { accept: 'application/json' }

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

describe('attach --serve', function () {
  this.timeout(120_000)
  const start = targets()
  const served: ChildProcess[] = []

  afterEach(async () => {
    for (const child of served.splice(0)) await killed(child, 'SIGKILL')
  })

  /** @returns the command, and a way to ask its page */
  async function serve(target: Target, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    const options = args.some((arg) => arg.startsWith('--serve')) ? args : ['--serve', ...args]
    const child = spawn(process.execPath, [MAIN, 'attach', ...options, String(target.pid)], { env, stdio: 'pipe' })
    served.push(child)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    while (!stdout.includes('Ctrl-C') && child.exitCode === null) await delay(20)
    const url = /http:\S+/.exec(stdout)?.[0] ?? ''
    expect(url, stderr).to.match(/^http:\/\/[\d.]+:\d+\/debug\/memory\/$/)
    const ask = (method: string, path: string, headers: http.OutgoingHttpHeaders = QUERIES): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const sent = http.request(new URL(path, url), { method, headers, agent: false }, (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (text: string) => (body += text))
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
          })
          response.on('error', reject)
        })
        sent.on('error', reject).end()
      })
    return { child, ask, stdout: () => stdout, stderr: () => stderr }
  }

  async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const exited = once(child, 'exit')
    child.kill(signal)
    return ((await exited) as unknown[])[0]
  }

  it('serves page, questions, progress and downloads, releases nothing, and leaves the process as it was', async () => {
    const target = await start()
    await target.state()
    const before = await target.state()
    const { child, ask } = await serve(target)

    const page = await ask('GET', '', { accept: 'text/html' })
    expect(page.status).to.equal(200)
    expect(page.headers['content-type']).to.match(/^text\/html/)
    expect(page.headers['content-security-policy']).to.match(/script-src 'sha256-/)
    expect(page.body).to.match(/^<!doctype html>/i)
    const status = JSON.parse((await ask('GET', 'status')).body) as { process: { pid: number }; modes: string[] }
    expect(status.process.pid).to.equal(target.pid)
    expect(status.modes).to.deep.equal(['twin'])

    const endLoad = target.load()
    const { owners } = JSON.parse((await ask('POST', 'discover')).body) as Discovery
    expect(owners.find(({ path }) => path?.includes('byId') === true)?.entries).to.equal(4000)
    const run = await ask('POST', 'attribution', { accept: 'text/event-stream' })
    expect(run.body).to.match(/event: run-started\n[^]*event: report\n/)
    const snapshot = await ask('POST', 'heap-snapshot', { accept: '*/*' })
    expect(snapshot.headers['content-length']).to.equal(String(Buffer.byteLength(snapshot.body)))
    expect(snapshot.body)
      .to.match(/^\{"snapshot":/)
      .and.include('"user:3999"')
    expect(await endLoad()).to.include({ failed: 0 })

    for (const path of ['attribution?mode=release', 'attribution?mode=trim', 'cache/release?name=x']) {
      expect((await ask('POST', path)).status, path).to.be.oneOf([403, 404])
    }
    expect(await killed(child, 'SIGINT')).to.equal(130)
    await target.isAsBefore(before)
  })

  it('lets nobody in who is not of this machine, nor a page of another origin', async () => {
    const target = await start()
    const { ask } = await serve(target)
    expect((await ask('GET', 'status', { host: 'evil.example' })).status).to.equal(403)
    expect((await ask('GET', 'status', { 'x-forwarded-for': '8.8.8.8' })).status).to.equal(403)
    expect((await ask('POST', 'discover', { origin: 'http://evil.example' })).status).to.equal(403)
    expect((await ask('GET', '', { accept: 'text/html', 'sec-fetch-site': 'cross-site' })).status).to.equal(403)
  })

  // The agent waits for its command for ten seconds; attach.test.ts has commands killed that do not serve.
  thorough('is gone within 30 seconds where the command was killed in the middle of a measurement', async () => {
    const target = await start()
    await target.state()
    const before = await target.state()
    const { child, ask } = await serve(target)
    const asked = ask('POST', 'discover').catch(() => null)
    await delay(300)
    await killed(child, 'SIGKILL')
    expect(await asked).to.equal(null)
    await target.isAsBefore(before)
  })

  thorough('releases registered caches where that is allowed, and only there', async () => {
    const target = await start({ file: REGISTERED })
    const { child, ask, stdout } = await serve(target)
    expect(stdout()).to.contain('1 registered cache)')
    expect((await ask('POST', 'cache/release?name=photos')).status).to.equal(403)
    expect(await target.get('/')).to.equal('4000')
    await killed(child, 'SIGTERM')
    const allowed = await serve(target, ['--allow-release'])
    const released = await allowed.ask('POST', 'cache/release?name=photos')
    expect(released.status, released.body).to.equal(200)
    expect(await target.get('/')).to.equal('0')
    // A refusal by the coordinator, which is of another copy of the package than the agent.
    const refused = await allowed.ask('POST', 'attribution?only=typo')
    expect(JSON.parse(refused.body)).to.include({ code: 'ERR_CACHE_UNKNOWN' })
  })

  thorough('ends with the process', async () => {
    const target = await start()
    const { child, stderr } = await serve(target)
    const exited = once(child, 'exit')
    await target.stop()
    expect(await exited).to.deep.equal([1, null])
    expect(stderr()).to.contain('ERR_ATTACH_NO_PROCESS')
  })

  thorough('asks for a token where one is set, and needs one beyond this machine', async () => {
    const target = await start()
    const { ask } = await serve(target, ['--serve=0.0.0.0:0'], { CACHE_ATTRIBUTION_TOKEN: TOKEN })
    expect((await ask('GET', 'status')).status).to.equal(401)
    expect((await ask('GET', 'status', { ...QUERIES, authorization: `Bearer ${TOKEN}` })).status).to.equal(200)
    const refused = await command('attach', '--serve=0.0.0.0:0', String(target.pid))
    expect(refused).to.include({ code: 2 })
    expect(refused.stderr).to.contain('CACHE_ATTRIBUTION_TOKEN')
  })

  it('does nothing where its address cannot be opened or is none', async () => {
    const target = await start()
    const server = http.createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const taken = await command('attach', `--serve=${port}`, String(target.pid))
    server.close()
    expect(taken.stderr).to.match(/ERR_ATTACH_SERVE: .*EADDRINUSE/)
    for (const wrong of ['--serve=x', '--serve=70000', '--serve=:1', '--serve=']) {
      expect(await command('attach', wrong, String(target.pid)), wrong).to.include({ code: 2 })
    }
    const pid = String(target.pid)
    for (const args of [['--serve', '--watch'], ['--serve', '--json'], ['--allow-release']]) {
      expect(await command('attach', ...args, pid), args.join(' ')).to.include({ code: 2 })
    }
    expect(await command('attach', '--serve', 'http://127.0.0.1:1/')).to.include({ code: 2 })
    expect(target.stderr).to.equal('')
  })
})
