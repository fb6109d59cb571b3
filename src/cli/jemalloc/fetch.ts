/**
 * Fetches libjemalloc with the distribution's own tools, without root and without installing anything.
 *
 * Rule: apt verifies what it downloads, against the system's own sources and keys; nothing else downloads anything.
 * The system's state is only read: lists and caches of our own lie in a temporary folder that is removed in any case.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { preparePrivateFolder } from './cache-folders.js'
import { execute } from './execute.js'
import type { Execution } from './execute.js'
import { LIBRARY_NAME } from './host.js'
import type { Host } from './host.js'
import { mergePreload } from './preload.js'
import { probeLibrary } from './probe.js'
import type { LibraryFacts } from './probe.js'

/** The parameters of a fetch. */
export interface FetchOptions {
  readonly host: Host
  readonly env: NodeJS.ProcessEnv
  /** Where the library may be kept, best place first. */
  readonly folders: readonly string[]
  readonly log: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** A fetched, tried library. */
export interface FetchedLibrary {
  readonly path: string
  readonly facts: LibraryFacts
}

const PACKAGE = 'libjemalloc2'
const APT_TIMEOUT_MS = 120_000
const UNPACK_TIMEOUT_MS = 30_000

/**
 * Downloads, unpacks, tries and keeps the library; any number of processes may do so at once.
 *
 * @throws CacheAttributionError `ERR_JEMALLOC_FETCH` with what failed
 */
export async function fetchJemalloc(options: FetchOptions): Promise<FetchedLibrary> {
  const obstacles: string[] = []
  const folders = usableFolders(options, obstacles)
  // Before the download: there is no use in one that has no place to go.
  const first = folders.next().value
  if (first === undefined) {
    throw fetchError(`there is no private folder to keep it in (${obstacles.join('; ') || 'no home folder'})`)
  }
  const work = temporaryFolder()
  try {
    options.log(`no jemalloc on this system: fetching ${PACKAGE} with apt-get (once)`)
    const unpacked = await download(options, work)
    for (let folder: string | undefined = first; folder !== undefined; folder = folders.next().value) {
      const kept = await keep(options, unpacked, folder)
      if (typeof kept !== 'string') return kept
      obstacles.push(kept)
      options.signal?.throwIfAborted()
    }
    throw fetchError(`the fetched library cannot be used (${obstacles.join('; ')})`)
  } finally {
    removeFolder(work)
  }
}

/** Dpkg's name of `process.arch`, to be asked for by name where a 32-bit Node runs on a 64-bit system. */
export function debianArchitecture(arch: string): string | undefined {
  const names: Readonly<Record<string, string>> = {
    x64: 'amd64',
    arm64: 'arm64',
    arm: 'armhf',
    ia32: 'i386',
    ppc64: 'ppc64el',
    riscv64: 'riscv64',
    s390x: 's390x',
  }
  return Object.hasOwn(names, arch) ? names[arch] : undefined
}

/** Makes the folders ready one by one, best first, and passes over those that cannot be used. */
function* usableFolders({ folders, log }: FetchOptions, obstacles: string[]): Generator<string, undefined> {
  for (const folder of folders) {
    const obstacle = preparePrivateFolder(folder)
    if (obstacle !== null) obstacles.push(obstacle)
    else {
      // Said only where there is another place: otherwise they are the error's text.
      for (const passed of obstacles) log(`not used as cache folder: ${passed}`)
      yield folder
    }
  }
  return undefined
}

function temporaryFolder(): string {
  try {
    return mkdtempSync(path.join(os.tmpdir(), 'cache-attribution-'))
  } catch (error) {
    throw fetchError(`there is no temporary folder: ${messageOf(error)}`, error)
  }
}

/** A stopped apt-get may still be writing for a moment; what stays in the temporary folder then is no failure. */
function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  } catch {
    // The system clears its temporary folder.
  }
}

/** The unpacked library in the temporary folder. */
async function download(options: FetchOptions, work: string): Promise<string> {
  const apt = prepareApt(options, work)
  const architecture = debianArchitecture(options.host.arch)
  const wanted = architecture === undefined ? PACKAGE : `${PACKAGE}:${architecture}`
  // The system's lists first: they spare a download of some megabytes. Missing or stale ones make this fail.
  let got = await apt(['download', wanted])
  if (!got.ok && got.failure !== 'not found' && got.failure !== 'aborted') {
    const own = ['-o', `Dir::State::Lists=${path.join(work, 'lists')}`]
    // A failed update may still have got the list that counts (one broken third-party source is enough to fail it).
    const updated = await apt([...own, 'update'])
    got = await apt([...own, 'download', wanted])
    // Without a network apt calls the update a success with warnings: they are the reason worth reading.
    if (!got.ok) got = { ...got, stderr: `${updated.stderr}\n${got.stderr}` }
  }
  if (!got.ok) throw toolError('apt-get', got)
  const archive = readdirSync(work).find((name) => name.endsWith('.deb'))
  if (archive === undefined) throw fetchError('apt-get downloaded nothing')
  const target = path.join(work, 'unpacked')
  const unpacked = await execute('dpkg-deb', ['-x', path.join(work, archive), target], {
    env: toolEnvironment(options.env),
    timeoutMs: UNPACK_TIMEOUT_MS,
    signal: options.signal,
  })
  if (!unpacked.ok) throw toolError('dpkg-deb', unpacked)
  const library = readdirSync(target, { recursive: true, encoding: 'utf8' }).find(
    (name) => path.basename(name) === LIBRARY_NAME,
  )
  if (library === undefined) throw fetchError(`${archive} holds no ${LIBRARY_NAME}`)
  return path.join(target, library)
}

/** A function that runs apt-get with private caches; `Dir::State::Lists` stays the system's unless given. */
function prepareApt(options: FetchOptions, work: string): (args: readonly string[]) => Promise<Execution> {
  for (const folder of ['cache/archives/partial', 'lists/partial']) {
    mkdirSync(path.join(work, folder), { recursive: true })
  }
  const configuration = path.join(work, 'apt.conf')
  writeFileSync(configuration, APT_CONFIGURATION)
  const own = ['-q', '-c', configuration, '-o', `Dir::Cache=${path.join(work, 'cache')}`]
  // The sandbox user of apt cannot write into a private folder, and there is nothing of root's to protect in it.
  if (process.getuid?.() === 0) own.push('-o', 'APT::Sandbox::User=root')
  return (args) =>
    execute('apt-get', [...own, ...args], {
      env: toolEnvironment(options.env),
      cwd: work,
      timeoutMs: APT_TIMEOUT_MS,
      signal: options.signal,
    })
}

/**
 * Read after the system's configuration. Unsigned or unverified sources are refused even where the system's
 * configuration allows them; hooks are cleared because they act on the system, which this must leave alone.
 */
const APT_CONFIGURATION = `
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`

/**
 * Tries the library in `folder` before it gets its final name: a bad one never appears, and the swap is atomic. Returns
 * why it cannot be kept there otherwise, e.g. since nothing may be executed from that disk.
 */
async function keep(
  { host, env, signal, log }: FetchOptions,
  library: string,
  folder: string,
): Promise<FetchedLibrary | string> {
  const draft = path.join(folder, `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    copyFileSync(library, draft)
    // Only ours to write, whatever mode the package gave it.
    chmodSync(draft, 0o600)
    const probe = await probeLibrary(host, env, mergePreload(draft, env['LD_PRELOAD']), signal)
    if (!probe.works) return `${folder}: ${probe.reason}`
    const file = path.join(folder, LIBRARY_NAME)
    renameSync(draft, file)
    log(`fetched jemalloc ${probe.facts.version} into ${folder}`)
    return { path: file, facts: probe.facts }
  } catch (error) {
    return messageOf(error)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** The library must not be preloaded into the tools, and their texts must be the ones that are known. */
function toolEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const tool: NodeJS.ProcessEnv = { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
  Reflect.deleteProperty(tool, 'LD_PRELOAD')
  return tool
}

function toolError(tool: string, execution: Execution): CacheAttributionError {
  const complaints = execution.stderr
    .split('\n')
    .filter((line) => /^(E:|W: Failed to fetch|dpkg-deb: error)/.test(line))
  const detail = complaints.length === 0 ? '' : ` (${complaints.slice(0, 2).join('; ')})`
  return fetchError(`${tool}: ${execution.failure}${detail}`)
}

function fetchError(message: string, cause?: unknown): CacheAttributionError {
  return new CacheAttributionError('ERR_JEMALLOC_FETCH', message, { cause })
}
