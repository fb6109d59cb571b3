// Declarations: a module for each entry (tools/package-consumer/types) compiles under every kind of resolution that a project has, by old
// and new compilers, with the library's declarations checked too, with and without the optional peers.
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Project } from './project.mjs'

const CONSUMERS = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'package-consumer', 'types')
/** Compiler → the kinds of resolution that are tried with it. Each takes both kinds of module, but for the first and the last. */
const TRIED = {
  5.4: ['node10', 'node16', 'bundler'],
  5.9: ['node10', 'node16', 'node18', 'node20', 'nodenext', 'bundler'],
  '6.0': ['node10', 'nodenext', 'bundler'],
  // It has no node10 any more.
  '7.0': ['node16', 'node18', 'node20', 'nodenext', 'bundler'],
}

/** @type {Record<string, { options: Record<string, unknown>, endings: string[] }>} */
const SETTINGS = {
  node10: { options: { module: 'commonjs', moduleResolution: 'node10' }, endings: ['cts'] },
  node16: { options: { module: 'node16' }, endings: ['cts', 'mts'] },
  node18: { options: { module: 'node18' }, endings: ['cts', 'mts'] },
  node20: { options: { module: 'node20' }, endings: ['cts', 'mts'] },
  nodenext: { options: { module: 'nodenext' }, endings: ['cts', 'mts'] },
  bundler: { options: { module: 'esnext', moduleResolution: 'bundler' }, endings: ['mts'] },
}

const STRICT = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  esModuleInterop: true,
  skipLibCheck: false,
  noEmit: true,
  types: ['node'],
}
const PEERS = ['prom-client@15', '@opentelemetry/api@1']

/** @param {{ parent: string, tarball: string }} context @returns {Promise<[string, () => Promise<string>][]>} */
export async function typesSetups({ parent, tarball }) {
  const aliases = Object.keys(TRIED).map((version) => `${aliasOf(version)}@npm:typescript@${version}`)
  /** @type {Promise<Project> | undefined} */
  let made
  const project = () =>
    (made ??= Project.make(parent, 'types', { tarball, packages: ['@types/node@20.19', ...aliases] }))
  return [
    ...Object.entries(TRIED).map(
      ([version, names]) =>
        /** @type {[string, () => Promise<string>]} */ ([
          `TypeScript ${version}`,
          async () => compileAll(await project(), version, names, false),
        ]),
    ),
    [
      'TypeScript 5.9, with the optional peers',
      async () => {
        const withPeers = await project()
        await withPeers.install(PEERS)
        return compileAll(withPeers, '5.9', ['node10', 'nodenext'], true)
      },
    ],
  ]
}

/** @param {string} version */
function aliasOf(version) {
  return `typescript-${version.replace('.', '')}`
}

/** @param {Project} project @param {string} version @param {readonly string[]} names @param {boolean} hasPeers */
async function compileAll(project, version, names, hasPeers) {
  for (const name of names) await compile(project, version, name, hasPeers)
  return names.join(', ')
}

/** @param {Project} project @param {string} version @param {string} name @param {boolean} hasPeers */
async function compile(project, version, name, hasPeers) {
  const { options, endings } = /** @type {(typeof SETTINGS)[string]} */ (SETTINGS[name])
  const folder = `${name}-${version}${hasPeers ? '-peers' : ''}`
  for (const file of await readdir(CONSUMERS, { recursive: true })) {
    if (!file.endsWith('.ts')) continue
    const whole = await readFile(path.join(CONSUMERS, file), 'utf8')
    const text = hasPeers || !PEERS.some((peer) => whole.includes(`'${nameOf(peer)}'`)) ? whole : importOnly(file)
    for (const ending of endings) {
      const content = ending === 'mts' ? text : withoutTopLevelAwait(text)
      await project.write(path.join(folder, file.replace(/ts$/, ending)), content)
    }
  }
  const deprecated = Number(version) >= 6 && name === 'node10' ? { ignoreDeprecations: '6.0' } : {}
  const compilerOptions = { ...STRICT, ...options, ...deprecated }
  // Not '.': the name of a folder with a dot in it looks like that of a file.
  await project.write(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*'] }))
  const tsc = path.join(project.folder, 'node_modules', aliasOf(version), 'bin', 'tsc')
  await project.run(process.execPath, [tsc, '-p', folder])
}

/** Of an entry whose consumer needs a peer. @param {string} file */
function importOnly(file) {
  const entry = `cache-attribution/${file.replace(/\.ts$/, '')}`
  return `import * as entry from '${entry}'\nexport const names: string[] = Object.keys(entry)\n`
}

/** @param {string} peer */
function nameOf(peer) {
  return peer.slice(0, peer.lastIndexOf('@'))
}

/** The statements after the imports, in a function. @param {string} text */
function withoutTopLevelAwait(text) {
  const lines = text.split('\n')
  const end = lines.findLastIndex((line) => line.startsWith('import ') || line.startsWith('} from ')) + 1
  const body = lines.slice(end)
  const isDeclaration = (/** @type {string} */ line) => /^export /.test(line)
  return [
    ...lines.slice(0, end),
    'export async function consumer(): Promise<void> {',
    ...body.map((line) => (isDeclaration(line) ? line.replace(/^export /, '') : line)),
    '}',
  ].join('\n')
}
