import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { findAdminSocket, fits, listeningSockets, socketFolders, socketIn } from '../helpers/internals/support.js'

describe('the socket of an admin endpoint', () => {
  describe('its folders', () => {
    it('are the session, temporary files and memory, the user named where others write too', () => {
      const uid = String(process.getuid?.() ?? 0)
      expect(socketFolders({ XDG_RUNTIME_DIR: '/run/user/7' })[0]).to.equal('/run/user/7/cache-attribution')
      expect(socketFolders({})[0]).to.equal(path.join(os.tmpdir(), `cache-attribution-${uid}`))
    })

    it('leave out what is relative, or longer than a socket may be', () => {
      expect(socketFolders({ XDG_RUNTIME_DIR: 'run' }).some((folder) => folder.startsWith('run'))).to.equal(false)
      const long = `/${'x'.repeat(120)}`
      expect(socketFolders({ XDG_RUNTIME_DIR: long }).some((folder) => folder.startsWith(long))).to.equal(false)
      expect(fits(`/${'é'.repeat(53)}`)).to.equal(true)
      expect(fits(`/${'é'.repeat(54)}`)).to.equal(false)
    })
  })

  describe('in /proc/net/unix', () => {
    const line = (flags: string, inode: string, name: string): string =>
      `0000000000000000: 00000002 00000000 ${flags} 0001 01 ${inode} ${name}`

    it('is known by its folder and name, and by being listened on', () => {
      const text = [
        'Num       RefCount Protocol Flags    Type St Inode Path',
        line('00010000', '11', '/tmp/a b/cache-attribution-0/12.sock'),
        line('00010000', ' 12', '/run/user/0/cache-attribution/7-0af3.sock'),
        line('00000000', '13', '/tmp/cache-attribution-0/13.sock'),
        line('00010000', '14', '/tmp/other/14.sock'),
        line('00010000', '15', '@/tmp/cache-attribution-0/15.sock'),
        '0000000000000000: 00000003 00000000 00000000 0001 03 16',
      ].join('\n')
      expect(listeningSockets(text)).to.deep.equal([
        { inode: '11', path: '/tmp/a b/cache-attribution-0/12.sock' },
        { inode: '12', path: '/run/user/0/cache-attribution/7-0af3.sock' },
      ])
    })
  })

  describe('of a process', () => {
    const base = mkdtempSync(path.join(os.tmpdir(), 'ca-'))
    const folder = path.join(base, 'cache-attribution-0')
    const children: ChildProcess[] = []
    before(() => {
      mkdirSync(folder)
    })
    afterEach(() => {
      for (const child of children.splice(0)) child.kill('SIGKILL')
    })
    after(() => {
      rmSync(base, { recursive: true })
    })

    async function listener(name: string): Promise<number> {
      const text = `require('node:net').createServer().listen(${JSON.stringify(path.join(folder, name))}, () => console.log('on'))`
      const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] })
      children.push(child)
      await once(child.stdout, 'data')
      return child.pid ?? 0
    }

    it('is the one that it listens on, whatever file bears its number', async function () {
      if (process.platform !== 'linux') this.skip()
      const pid = await listener('1.sock')
      // Another process's file with this one's number, as a reused number would leave it.
      const other = await listener(path.basename(socketIn(folder, pid)))
      expect(await findAdminSocket(pid)).to.equal(path.join(folder, '1.sock'))
      expect(await findAdminSocket(other)).to.equal(socketIn(folder, pid))
    })

    it('is null of a process without one, of none, and of a hostile number', async () => {
      expect(await findAdminSocket(process.pid)).to.equal(null)
      expect(await findAdminSocket(2 ** 31)).to.equal(null)
      expect(await findAdminSocket(-1)).to.equal(null)
      expect(await findAdminSocket(NaN)).to.equal(null)
    })
  })
})
