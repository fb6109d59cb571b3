/** Kinds of programs that `attach` meets: how each is made of one server, and what is expected of it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildSync } from 'esbuild'

/** The surroundings in which a kind is made. */
interface KindPlace {
  /** Empty, of this kind alone. */
  readonly folder: string
  /** `node_modules` with the packages that {@link PACKAGES} names. */
  readonly packages: string
  readonly node: string
  readonly major: number
}

/** The started process: a program and its arguments. */
type KindCommand = readonly [program: string, ...args: string[]]

/** One kind. */
export interface ProgramKind {
  readonly name: string
  readonly make: (place: KindPlace) => KindCommand
  /** The error that attach ends with; null where it names the planted owner. */
  readonly refusal: (major: number) => string | null
  /** Whether it is the same under every Node, being none. */
  readonly isNoNode?: boolean
}

/** The packages that `npm install` puts into the folder, once. */
export const PACKAGES = [
  'tsx@4',
  'lru-cache@11',
  '@yarnpkg/cli-dist@4',
  'postject',
  '@oven/bun-linux-x64',
  '@deno/linux-x64-glibc',
]

/** Entries and bytes of what the server holds: Buffers in a Map, found by its name. */
export const PLANTED = { name: 'photosById', entries: 4000, bytesEach: 8192 } as const

const HOLDS = `
const photosById = new Map()
for (let id = 0; id < ${String(PLANTED.entries)}; id++) photosById.set('photo:' + id, { id, bytes: Buffer.alloc(${String(PLANTED.bytesEach)}, 1) })
const pages = new LRUCache({ max: 100 })
const server = http.createServer((request, response) => {
  pages.set(request.url, photosById.size)
  if (request.url === '/pid') response.end(String(process.pid))
  else response.end(String(photosById.size))
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`
const ESM = `import http from 'node:http'\nimport { Buffer } from 'node:buffer'\nimport process from 'node:process'\nimport { LRUCache } from 'lru-cache'\n${HOLDS}`
const COMMONJS = `const http = require('node:http')\nconst { LRUCache } = require('lru-cache')\n${HOLDS}`
const TYPESCRIPT = ESM.replace('new Map()', 'new Map<string, { id: number; bytes: Buffer }>()')

const NEVER = (): null => null

/** All of them. */
export const KINDS: readonly ProgramKind[] = [
  { name: 'ES module', refusal: NEVER, make: (place) => [place.node, written(place, 'server.mjs', ESM)] },
  { name: 'CommonJS', refusal: NEVER, make: (place) => [place.node, written(place, 'server.cjs', COMMONJS)] },
  { name: 'the text of -e', refusal: NEVER, make: (place) => [place.node, '-e', withPackages(place, COMMONJS)] },
  {
    name: 'tsx, its command',
    refusal: NEVER,
    make: (place) => [
      place.node,
      path.join(place.packages, 'tsx/dist/cli.mjs'),
      written(place, 'server.ts', TYPESCRIPT),
    ],
  },
  {
    name: 'tsx, --import',
    refusal: NEVER,
    make: (place) => [place.node, '--import', 'tsx', written(place, 'server.ts', TYPESCRIPT)],
  },
  { name: 'esbuild, ES module', refusal: NEVER, make: (place) => [place.node, bundled(place, 'esm')] },
  { name: 'esbuild, CommonJS', refusal: NEVER, make: (place) => [place.node, bundled(place, 'cjs')] },
  { name: "Yarn's Plug'n'Play", refusal: NEVER, make: plugged },
  { name: 'single executable', refusal: NEVER, make: executable },
  {
    name: 'permission model',
    refusal: () => 'ERR_ATTACH_PERMISSION',
    make: (place) => [
      place.node,
      permission(place),
      ...(place.major >= 25 ? ['--allow-net'] : []),
      '--allow-fs-read=*',
      written(place, 'server.cjs', COMMONJS),
    ],
  },
  {
    name: 'permission model, allowed',
    refusal: (major) => (major >= 25 ? null : 'ERR_ATTACH_PERMISSION'),
    make: (place) => [
      place.node,
      permission(place),
      ...(place.major >= 25 ? ['--allow-inspector', '--allow-net'] : []),
      '--allow-addons',
      '--allow-fs-read=*',
      written(place, 'server.cjs', COMMONJS),
    ],
  },
  {
    name: 'Bun',
    isNoNode: true,
    refusal: () => 'ERR_ATTACH_NOT_NODE',
    make: (place) => [path.join(place.packages, '@oven/bun-linux-x64/bin/bun'), written(place, 'server.cjs', COMMONJS)],
  },
  {
    name: 'Deno',
    isNoNode: true,
    refusal: () => 'ERR_ATTACH_NOT_NODE',
    make: (place) => {
      const deno = path.join(place.packages, '@deno/linux-x64-glibc/deno')
      chmodSync(deno, 0o755)
      return [deno, 'run', '-A', '--node-modules-dir=manual', written(place, 'server.mjs', ESM)]
    },
  },
]

function written(place: KindPlace, name: string, text: string): string {
  withPackages(place, '')
  const file = path.join(place.folder, name)
  writeFileSync(file, text)
  return file
}

/** The packages are found from the folder, and from the working folder where there is no file. */
function withPackages({ folder, packages }: KindPlace, text: string): string {
  symlinkSync(packages, path.join(folder, 'node_modules'))
  return text
}

function bundled(place: KindPlace, format: 'esm' | 'cjs'): string {
  const entry = written(place, 'server.mjs', ESM)
  const outfile = path.join(place.folder, 'out', format === 'esm' ? 'server.mjs' : 'server.cjs')
  buildSync({ entryPoints: [entry], outfile, format, bundle: true, minify: true, platform: 'node', logLevel: 'error' })
  return outfile
}

/** Yarn takes the package from its folder, so that it needs no registry. */
function plugged({ folder, packages, node }: KindPlace): KindCommand {
  const copy = path.join(folder, 'lru-cache')
  execFileSync('cp', ['-r', path.join(packages, 'lru-cache'), copy])
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: { 'lru-cache': 'file:./lru-cache' } }),
  )
  writeFileSync(path.join(folder, '.yarnrc.yml'), 'nodeLinker: pnp\nenableGlobalCache: false\nenableTelemetry: false\n')
  writeFileSync(path.join(folder, 'yarn.lock'), '')
  writeFileSync(path.join(folder, 'server.cjs'), COMMONJS)
  const env = { ...process.env, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' }
  execFileSync(node, [path.join(packages, '@yarnpkg/cli-dist/bin/yarn.js'), 'install'], {
    cwd: folder,
    env,
    stdio: 'pipe',
  })
  return [node, '--require', path.join(folder, '.pnp.cjs'), path.join(folder, 'server.cjs')]
}

/** As Node's documents make one. */
function executable(place: KindPlace): KindCommand {
  const { folder, packages, node } = place
  const main = bundled(place, 'cjs')
  const settings = path.join(folder, 'sea.json')
  const blob = path.join(folder, 'sea.blob')
  const program = path.join(folder, 'server')
  writeFileSync(settings, JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true }))
  execFileSync(node, ['--experimental-sea-config', settings], { stdio: 'pipe' })
  copyFileSync(node, program)
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
  execFileSync(
    node,
    [path.join(packages, 'postject/dist/cli.js'), program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', fuse],
    {
      stdio: 'pipe',
    },
  )
  return [program]
}

function permission({ major }: KindPlace): string {
  return major >= 23 ? '--permission' : '--experimental-permission'
}

/** Makes the folder of a kind. */
export function folderFor(root: string, ...names: readonly string[]): string {
  const folder = path.join(root, ...names)
  mkdirSync(folder, { recursive: true })
  return folder
}
