/** The obstacles of an attach, each with a real process. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { Attachment, TargetProcess } from '../helpers/internals/attach-client.js'
import type { Discovery } from '../../src/twin/index.js'
import { skipOrFail } from '../helpers/child.js'
import { freePort } from '../helpers/free-port.js'
import { thorough } from '../helpers/thorough.js'
import { listen } from '../http/site.js'
import { command, targets } from './target.js'
import { COMMAND_FILE } from '../helpers/internals/module-files.js'

const MAJOR = Number(process.versions.node.split('.')[0])

/** `console.log` of a port first, as every target does. */
function source(body: string): string {
  return `console.log(1); setInterval(() => {}, 1000); ${body}`
}

/** These targets listen on nothing else. */
function hasInspector(pid: number): boolean {
  return new TargetProcess(pid).ownListeners().length > 0
}

describe('what is in the way of an attach', function () {
  this.timeout(120_000)
  const start = targets()
  const startSource = (body: string, execArgv: readonly string[] = []) =>
    start({ file: '', execArgv: [...execArgv, '-e', source(body)] })

  async function refusal(pid: number | string): Promise<string> {
    const { code, stderr } = await command('attribute', String(pid))
    expect(code).to.equal(1)
    return stderr
  }

  /** As above, without the ten seconds that the command waits for an inspector. */
  async function refusalSoon(pid: number): Promise<string> {
    const refused: unknown = await Attachment.open(pid, { openTimeoutMs: 2500 }).catch((error: unknown) => error)
    return String(refused)
  }

  it('no such process', async () => {
    expect(await refusal(999_999_999)).to.contain('ERR_ATTACH_NO_PROCESS')
  })

  it('a program that is no Node, which the signal would have ended', async () => {
    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    await delay(50)
    expect(await refusal(child.pid ?? 0)).to.match(/ERR_ATTACH_NOT_NODE: .*sleep/)
    expect(child.exitCode).to.equal(null)
    child.kill()
  })

  it('a stopped process, which stays so', async () => {
    const target = await start()
    target.child.kill('SIGSTOP')
    await delay(50)
    expect(await refusal(target.pid)).to.match(/ERR_ATTACH_STOPPED: .*kill -CONT/)
    expect(readFileSync(`/proc/${target.pid}/stat`, 'utf8')).to.match(/\) T /)
    target.child.kill('SIGCONT')
    expect(await target.state()).to.include({ inspector: null })
  })

  thorough(
    'a call that wakes the main thread again and again and does not return, which is no handler of the application',
    async () => {
      const target = await startSource(
        "setTimeout(() => require('node:child_process').execSync('while :; do echo x; sleep 0.1; done'), 50)",
      )
      await delay(400)
      expect(await refusalSoon(target.pid)).to.contain('ERR_ATTACH_BLOCKED')
    },
  )

  // The command waits for ten seconds, and one that is waited for is below.
  thorough('a main thread that is blocked, whose inspector is closed as soon as it goes on', async () => {
    const target = await startSource(
      "process.on('SIGTERM', () => {}); setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 16000), 100)",
    )
    await delay(400)
    expect(await refusal(target.pid)).to.contain('ERR_ATTACH_BLOCKED')
    const endMs = performance.now() + 30_000
    while (hasInspector(target.pid) && performance.now() < endMs) await delay(100)
    expect(hasInspector(target.pid)).to.equal(false)
  })

  it('a main thread that computes, which is waited for', async () => {
    const target = await startSource(
      'setTimeout(() => { const end = Date.now() + 3000; while (Date.now() < end) {} }, 100)',
    )
    await delay(300)
    const { code, stderr } = await command('attribute', '--json', String(target.pid))
    expect(code, stderr).to.equal(0)
  })

  for (const [what, execArgv] of [
    ['one that opens its inspector on any port', []],
    ['one whose inspector has been open on any port', ['--inspect=127.0.0.1:0']],
  ] as const) {
    it(`a title in the place of the options is none, of ${what}`, async () => {
      // The usual port is somebody else's, of whom the process knows nothing.
      const other = createServer()
      await new Promise<void>((resolve) => {
        other.once('error', () => resolve()).listen(9229, '127.0.0.1', resolve)
      })
      try {
        const body = `process.title = 'a service'; ${source('')}`
        const target = await start({ file: '', execArgv: [...execArgv, '-e', body] })
        expect(new TargetProcess(target.pid).hasTitle).to.equal(true)
        const attachment = await Attachment.open(target.pid, { openTimeoutMs: 2_000, portTimeoutMs: 100 })
        try {
          expect(attachment.started.pid).to.equal(target.pid)
        } finally {
          await attachment.close()
        }
        await delay(300)
        expect(hasInspector(target.pid)).to.equal(execArgv.length > 0)
      } finally {
        other.close()
      }
    })
  }

  thorough("the application's own handler of SIGUSR1, also of one that has nothing else to do", async () => {
    const target = await start({
      file: '',
      execArgv: [
        '-e',
        "process.on('SIGUSR1', () => console.error('mine')); require('net').createServer().listen(0, '127.0.0.1', () => console.log(1))",
      ],
    })
    expect(await refusalSoon(target.pid)).to.contain('ERR_ATTACH_SIGNAL_TAKEN')
    expect(target.stderr).to.equal('mine\n')
  })

  it('--disable-sigusr1', async function () {
    if (MAJOR < 24 && !process.allowedNodeEnvironmentFlags.has('--disable-sigusr1')) this.skip()
    const target = await startSource('', ['--disable-sigusr1'])
    expect(await refusal(target.pid)).to.contain('ERR_ATTACH_SIGNAL_OFF')
    expect(target.stderr).to.equal('')
  })

  it('the permission model', async () => {
    const flag = MAJOR >= 24 ? '--permission' : '--experimental-permission'
    const target = await startSource('', [flag, '--no-warnings', '--allow-fs-read=*'])
    expect(await refusal(target.pid)).to.contain('ERR_ATTACH_PERMISSION')
    expect(target.stderr).to.equal('')
  })

  it('a process that takes no addons', async () => {
    const target = await startSource('', ['--no-addons'])
    expect(await refusal(target.pid)).to.match(/ERR_ATTACH_ADDON: .*no-addons/)
    expect(hasInspector(target.pid)).to.equal(false)
  })

  it("somebody else's listener on the port, to whom nothing is sent", async () => {
    const asked: string[] = []
    const other = createServer((socket) => {
      socket.on('data', (data) => asked.push(String(data)))
    })
    const port = await listen(other)
    const target = await start({ execArgv: [`--inspect-port=${port}`] })
    try {
      const refused: unknown = await Attachment.open(target.pid, { portTimeoutMs: 500 }).catch(
        (error: unknown) => error,
      )
      expect(refused).to.match(new RegExp(`ERR_ATTACH_PORT_TAKEN: port ${port}.* taken by process ${process.pid} \\(`))
      expect(asked).to.deep.equal([])
      expect(target.stderr).to.equal('')
    } finally {
      other.close()
    }
  })

  thorough('a port of its own is found, also any', async () => {
    for (const port of [await freePort(), 0]) {
      const target = await start({ execArgv: [`--inspect-port=${port}`] })
      const { code, stderr } = await command('attribute', '--json', String(target.pid))
      expect(code, stderr).to.equal(0)
      await target.stop()
    }
  })

  thorough('each worker of a cluster is asked by its own id', async () => {
    // Node counts up from the primary's port for each worker, which it cannot from 0.
    const target = await start({
      file: new URL('fixtures/clustered.js', import.meta.url).pathname,
      // Below the ports that the kernel gives out, and another for each process of tests.
      execArgv: [`--inspect-port=${20_000 + (process.pid % 10_000)}`],
      usualPort: true,
    })
    const workers = readFileSync(`/proc/${target.pid}/task/${target.pid}/children`, 'utf8').trim().split(' ')
    expect(workers).to.have.length(2)
    const counts = await Promise.all(
      workers.map(async (pid) => {
        const { code, stdout, stderr } = await command('discover', '--json', pid)
        expect(code, stderr).to.equal(0)
        const { owners } = JSON.parse(stdout) as Discovery
        return owners.find(({ entries }) => entries === 1000 || entries === 2000)?.entries
      }),
    )
    expect(counts.toSorted()).to.deep.equal([1000, 2000])
  })

  describe('as root', () => {
    before(function () {
      if (process.geteuid?.() !== 0) skipOrFail(this, 'namespaces and users are tried as root')
    })

    it('another user is refused, and root reaches every user', async () => {
      const target = await start({ through: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] })
      const main = COMMAND_FILE.pathname
      const tried = spawnSync(
        'setpriv',
        ['--reuid=65533', '--regid=65533', '--clear-groups', process.execPath, main, 'attribute', String(target.pid)],
        { encoding: 'utf8', env: {} },
      )
      expect(tried.stderr).to.match(/ERR_ATTACH_OTHER_USER: .*user 65534.*user 65533/)
      expect(target.stderr).to.equal('')
      const { code, stderr } = await command('attribute', '--json', String(target.pid))
      expect(code, stderr).to.equal(0)
    })

    thorough(
      'a read-only root: refused where no folder takes a library, and no more with one mounted for it',
      async () => {
        const hidden = new URL('../../../', import.meta.url).pathname
        const noexec = ['/tmp', '/var/tmp', '/dev/shm', '/run'].map((name) => `mount -t tmpfs -o noexec none ${name}`)
        const mounts = [`mount -t tmpfs none ${hidden}`, ...noexec, 'mount -t tmpfs none /mnt']
        const body = `globalThis.mine = Array.from({ length: 3000 }, () => Buffer.alloc(4096)); console.log(1); setInterval(() => {}, 1000)`
        const main = COMMAND_FILE.pathname
        for (const folder of ['/run', '/mnt']) {
          const script = [
            ...mounts,
            'mount -o remount,bind,ro /',
            `exec ${process.execPath} --inspect-port=0 -e '${body}'`,
          ]
          const target = await start({
            file: '',
            node: '/bin/sh',
            args: ['-c', script.join(' && ')],
            env: { TMPDIR: folder },
            through: ['unshare', '--mount', '--pid', '--fork', '--kill-child'],
          })
          const [pid = ''] = readFileSync(`/proc/${target.pid}/task/${target.pid}/children`, 'utf8').trim().split(' ')
          const asked = spawnSync(process.execPath, [main, 'discover', '--json', pid], { encoding: 'utf8', env: {} })
          if (folder === '/run') expect(asked.stderr).to.match(/ERR_ATTACH_FOLDER: .*\/dev\/shm.*emptyDir/)
          else expect((JSON.parse(asked.stdout) as Discovery).owners[0]?.entries, asked.stderr).to.equal(3000)
          const left = readdirSync(`/proc/${pid}/root${folder}`).filter((name) => name.startsWith('cache-attribution'))
          expect(left).to.deep.equal([])
          const endMs = performance.now() + 5000
          while (hasInspector(Number(pid)) && performance.now() < endMs) await delay(50)
          expect(hasInspector(Number(pid))).to.equal(false)
          await target.stop()
        }
      },
    )

    it('namespaces of its own: PIDs, files (without /dev/null) and network; the copy of the addon is removed', async () => {
      // Another file system: this package is not there under its path.
      const hidden = new URL('../../../', import.meta.url).pathname
      const folder = mkdtempSync(path.join(os.tmpdir(), 'attach-test-'))
      try {
        const file = path.join('/var/tmp', `attach-test-${process.pid}.cjs`)
        writeFileSync(
          file,
          `globalThis.mine = Array.from({ length: 3000 }, () => Buffer.alloc(4096)); console.log(1); setInterval(() => {}, 1000)`,
        )
        const script = `mount -t tmpfs none ${hidden} && mount -t proc proc /proc && ip link set lo up 2>/dev/null; mount -t tmpfs none /dev && mkdir /dev/shm && exec ${process.execPath} ${file}`
        const target = await start({
          file: '',
          node: '/bin/sh',
          args: ['-c', script],
          through: ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child'],
        })
        const [pid = ''] = readFileSync(`/proc/${target.pid}/task/${target.pid}/children`, 'utf8').trim().split(' ')
        const main = COMMAND_FILE.pathname
        // In a process of its own: it enters that network.
        const asked = spawnSync(process.execPath, [main, 'discover', '--json', pid], { encoding: 'utf8', env: {} })
        expect(asked.status, asked.stderr).to.equal(0)
        const { owners } = JSON.parse(asked.stdout) as Discovery
        expect(owners.find(({ entries }) => entries === 3000)?.retained.memoryBytes).to.be.within(12.2e6, 12.5e6)
        const left = ['/tmp', '/var/tmp', '/dev/shm', '/run']
          .flatMap((name) => readdirSync(`/proc/${pid}/root${name}`))
          .filter((name) => name.startsWith('cache-attribution-attach-'))
        expect(left).to.deep.equal([])
        rmSync(file)
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  })
})
