/** Constructors of cache libraries, instrumented in what TypeScript and bundlers make of one program. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { buildSync } from 'esbuild'
import { AUTO, ask, socketOf, startNode } from './programs.js'
import type { Program } from './programs.js'
import { thorough } from '../helpers/thorough.js'

const PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url))
const TSX = path.join(PACKAGES, 'tsx', 'dist')
const TSX_IMPORT = pathToFileURL(path.join(TSX, 'esm', 'index.mjs')).href

/** The cache stands in the fifth line. */
const TYPESCRIPT = `import { LRUCache } from 'lru-cache'

interface User { readonly id: number }

export const users: LRUCache<number, User> = new LRUCache<number, User>({ max: 100 })
for (let id = 0; id < 50; id++) users.set(id, { id })
console.log('up', process.pid)
setInterval(() => users.get(1), 1000)
`
const COMMONJS = `const { LRUCache } = require('lru-cache')



const users = new LRUCache({ max: 100 })
for (let id = 0; id < 50; id++) users.set(id, { id })
console.log('up', process.pid)
setInterval(() => users.get(1), 1000)
`

interface Kind {
  readonly name: string
  /** Arguments of node, behind `--import AUTO`. */
  readonly make: (folder: string) => readonly string[]
  /** Names of the caches that register themselves. */
  readonly caches: readonly (string | RegExp)[]
}

const KINDS: readonly Kind[] = [
  {
    name: 'a CommonJS program',
    make: (folder) => [written(folder, 'users.cjs', COMMONJS)],
    caches: ['users.cjs:5 LRUCache'],
  },
  {
    name: 'an ES module',
    make: (folder) => [compiled(folder, 'esm', { bundle: false })],
    caches: [/^users\.mjs:\d LRUCache$/],
  },
  {
    name: 'TypeScript under --import tsx',
    make: (folder) => ['--import', TSX_IMPORT, written(folder, 'users.ts', TYPESCRIPT)],
    caches: ['users.ts:5 LRUCache'],
  },
  {
    name: 'TypeScript under the command tsx',
    make: (folder) => [path.join(TSX, 'cli.mjs'), written(folder, 'users.ts', TYPESCRIPT)],
    caches: ['users.ts:5 LRUCache'],
  },
  {
    name: 'an ES module by esbuild that leaves packages outside',
    make: (folder) => [compiled(folder, 'esm', { bundle: true, packages: 'external' })],
    caches: [/^users\.mjs:\d+ LRUCache$/],
  },
  {
    name: 'a CommonJS bundle by esbuild that leaves packages outside',
    make: (folder) => [compiled(folder, 'cjs', { bundle: true, packages: 'external' })],
    caches: [/^users\.cjs:\d+ LRUCache$/],
  },
  // Its library is no module any more that could be instrumented: `discover` names the cache.
  {
    name: 'a bundle with the library in it',
    make: (folder) => [compiled(folder, 'esm', { bundle: true })],
    caches: [],
  },
]

function written(folder: string, name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

function compiled(
  folder: string,
  format: 'esm' | 'cjs',
  options: { readonly bundle: boolean; readonly packages?: 'external' },
): string {
  const outfile = path.join(folder, format === 'esm' ? 'users.mjs' : 'users.cjs')
  const entryPoints = [written(folder, 'users.ts', TYPESCRIPT)]
  buildSync({ entryPoints, outfile, format, platform: 'node', logLevel: 'error', ...options })
  return outfile
}

describe('caches register themselves in', function () {
  this.timeout(90_000)
  const base = mkdtempSync(path.join(os.tmpdir(), 'toolchains-'))
  const programs: Program[] = []

  afterEach(async () => {
    for (const program of programs.splice(0)) await program.stop()
  })

  after(() => {
    rmSync(base, { recursive: true })
  })

  for (const [place, { name, make, caches }] of KINDS.entries()) {
    const test = place < 3 ? it : thorough
    test(name, async () => {
      const folder = path.join(base, String(place))
      mkdirSync(folder)
      symlinkSync(PACKAGES, path.join(folder, 'node_modules'))
      writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
      const program = startNode(make(folder), {
        cwd: folder,
        env: { NODE_OPTIONS: `--import ${AUTO}`, XDG_RUNTIME_DIR: base },
      })
      programs.push(program)
      await program.prints(/up \d+/, 60_000)
      // The command tsx starts the program in a process of its own.
      const pid = Number(/up (\d+)/.exec(program.stdout())?.[1])
      const socketPath = await socketOf(pid)
      await delay(50)
      const { body } = await ask({ socketPath }, 'caches')
      const names = (JSON.parse(body) as { readonly caches: readonly { readonly name: string }[] }).caches
      expect(names, body).to.have.length(caches.length)
      for (const [index, expected] of caches.entries()) {
        if (typeof expected === 'string') expect(names[index]?.name).to.equal(expected)
        else expect(names[index]?.name).to.match(expected)
      }
      expect(program.stderr()).not.to.match(/WARN_|Error/)
      if (pid !== program.pid) process.kill(pid, 'SIGKILL')
    })
  }
})
