// Compiles the addon as a package carries it: native/prebuilds/<platform>-<arch>/cache-attribution.napi[.<libc>].node, small
// and stripped, for this system or by a cross compiler for another one.
//
// Rule: sources, options and definitions are those of binding.gyp. What a compiler is missing for is said by its name.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ platform: string, arch: string, libc: string }} Target `libc` is '' off Linux */

/** The systems whose addon a release carries. @type {readonly Target[]} */
export const TARGETS = [
  { platform: 'linux', arch: 'x64', libc: 'glibc' },
  { platform: 'linux', arch: 'arm64', libc: 'glibc' },
  { platform: 'linux', arch: 'x64', libc: 'musl' },
  { platform: 'linux', arch: 'arm64', libc: 'musl' },
  { platform: 'darwin', arch: 'arm64', libc: '' },
  { platform: 'darwin', arch: 'x64', libc: '' },
]

const here = path.dirname(fileURLToPath(import.meta.url))
const MACHINES = new Map([
  ['x64', 'x86_64'],
  ['arm64', 'aarch64'],
])
const SMALL = ['-Os', '-fPIC', '-ffunction-sections', '-fdata-sections']
/** With read-only relocations the file of arm64 is padded to pages of 64 KiB. */
const LINK = ['--gc-sections', '-z', 'norelro', '-z', 'noseparate-code', '--hash-style=gnu']

/** The system that this process runs on. @returns {Target} */
export function ownTarget() {
  const { platform, arch } = process
  const { header } = /** @type {any} */ (process.report.getReport())
  const libc = platform !== 'linux' ? '' : header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
  return { platform, arch, libc }
}

/** Compiles it; returns the file. Throws where there is no compiler, or it fails. @param {Target} target */
export function prebuild(target) {
  const { platform, arch, libc } = target
  const name = nameOf(target)
  if (!TARGETS.some((known) => nameOf(known) === name)) {
    throw new Error(`no addon is prebuilt for ${name}: there are ${TARGETS.map(nameOf).join(', ')}`)
  }
  const folder = path.join(here, 'prebuilds', `${platform}-${arch}`)
  const output = path.join(folder, `cache-attribution.napi${libc === '' ? '' : `.${libc}`}.node`)
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'cache-attribution-build-'))
  try {
    const file = path.join(scratch, 'addon.node')
    compile(target, name, file, scratch)
    mkdirSync(folder, { recursive: true })
    // In one step: a process may have the old one loaded.
    run('mv', ['-f', file, output], scratch)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return output
}

/** @param {Target} target @param {string} name @param {string} file @param {string} scratch */
function compile(target, name, file, scratch) {
  const { sources, cflags, defines } = gypTarget()
  const inputs = sources.map((/** @type {string} */ source) => path.join(here, source))
  const include = nodeHeaders()
  const common = [...cflags, ...defines.map((/** @type {string} */ one) => `-D${one}`), ...SMALL, `-I${include}`]
  const compiler = compilerFor(target, name)
  const [command = '', ...first] = compiler.command
  const cc = (/** @type {string[]} */ args) => run(command, [...first, ...args], scratch)
  // The helpers of a compiler would be exported, and so kept.
  const names = path.join(scratch, 'exported')
  writeFileSync(names, '{ global: napi_*; node_api_*; local: *; };')
  const linked = `-Wl,${[...LINK, `--version-script=${names}`].join(',')}`
  if (target.platform === 'darwin') {
    cc([...common, '-shared', '-s', '-undefined', 'dynamic_lookup', '-Wl,-dead_strip', ...inputs, '-o', file])
  } else if (compiler.isZig && target.libc === 'musl') {
    // Node has musl loaded: it is linked with what it needs of the compiler's helpers alone.
    cc(['-c', ...common, ...inputs])
    const objects = readdirSync(scratch).filter((entry) => entry.endsWith('.o'))
    cc(['-shared', '-s', '-nostdlib', linked, ...objects, '-o', file])
  } else {
    cc([...common, '-shared', '-s', linked, ...inputs, '-o', file, '-ldl', '-lm', '-lpthread'])
  }
}

/** The one target of binding.gyp, which is JSON. */
function gypTarget() {
  const { targets } = JSON.parse(readFileSync(path.join(here, 'binding.gyp'), 'utf8'))
  const cflags = targets[0].cflags.map((/** @type {string} */ flag) => flag.replace('<(module_root_dir)', here))
  return { ...targets[0], cflags }
}

/** The headers of Node, which are beside the program in every distribution of it. */
function nodeHeaders() {
  const folder = process.env['NODE_HEADERS'] ?? path.join(path.dirname(process.execPath), '..', 'include', 'node')
  if (!existsSync(path.join(folder, 'node_api.h'))) {
    throw new Error(`there is no node_api.h in ${folder}: name the folder that has it in NODE_HEADERS`)
  }
  return folder
}

/**
 * `CC` is taken as it is; then the compiler of this system, Debian's cross compiler, and zig, which compiles for all.
 *
 * @param {Target} target @param {string} name
 */
function compilerFor({ platform, arch, libc }, name) {
  const given = process.env['CC']
  if (given !== undefined && given !== '') return { command: given.split(' '), isZig: /\bzig\b/.test(given) }
  const machine = MACHINES.get(arch) ?? arch
  if (nameOf(ownTarget()) === name) return { command: ['cc'], isZig: false }
  if (platform === 'darwin' && process.platform === 'darwin') {
    return { command: ['cc', '-arch', arch === 'x64' ? 'x86_64' : arch], isZig: false }
  }
  const debian = `${machine}-linux-gnu-gcc`
  if (libc === 'glibc' && isThere(debian)) return { command: [debian], isZig: false }
  const zig = process.env['ZIG'] ?? 'zig'
  if (!isThere(zig)) {
    const or = libc === 'glibc' ? `${debian} (Debian: gcc-${machine.replace('_', '-')}-linux-gnu), or ` : ''
    throw new Error(
      `the addon for ${name} needs a cross compiler: ${or}zig 0.11 or newer, in PATH or named by ZIG (https://ziglang.org/download, or a package of npm that carries it)`,
    )
  }
  const system = platform === 'darwin' ? 'macos' : `linux-${libc === 'glibc' ? 'gnu.2.17' : 'musl'}`
  return { command: [zig, 'cc', '-target', `${machine}-${system}`], isZig: true }
}

/** @param {string} command */
function isThere(command) {
  return spawnSync(command, ['version']).error === undefined
}

/** @param {string} command @param {string[]} args @param {string} cwd */
function run(command, args, cwd) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd })
  if (status !== 0) throw new Error(`${command} ${args[0]} …: ${(error?.message ?? stderr).trim().slice(-2000)}`)
}

/** @param {Target} target */
function nameOf({ platform, arch, libc }) {
  return `${platform}-${arch}${libc === '' ? '' : `.${libc}`}`
}
