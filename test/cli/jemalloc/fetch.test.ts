import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { FoundJemalloc, MissingJemalloc } from '../../helpers/internals/cli-jemalloc.js'
import { debianArchitecture, thisHost } from '../../helpers/internals/cli-jemalloc.js'
import { bareHost, findBare, requireJemalloc, temporaryFolders } from '../fixtures.js'
import { hasApt, repository } from './repository.js'

const folder = temporaryFolders()
const DEBIAN = 'ID=debian\nVERSION_ID="12"\n'

before(function () {
  if (process.platform !== 'linux') this.skip()
})

describe('debianArchitecture()', () => {
  it("gives dpkg's name, and none for what it does not know", () => {
    expect(debianArchitecture('x64')).to.equal('amd64')
    expect(debianArchitecture('constructor')).to.equal(undefined)
  })
})

describe('findJemalloc() with apt-get and a repository of its own', () => {
  let library: string

  before(async function () {
    if (!hasApt()) this.skip()
    library = await requireJemalloc(this)
  })

  interface Fetch {
    readonly home: string
    readonly lines: string[]
    readonly find: (env?: NodeJS.ProcessEnv) => Promise<FoundJemalloc | MissingJemalloc>
  }

  function fetchFrom(aptConfig: string): Fetch {
    const home = folder()
    const lines: string[] = []
    return {
      home,
      lines,
      find: (env = {}) =>
        findBare({
          fetch: true,
          env: { HOME: home, APT_CONFIG: aptConfig, ...env },
          host: bareHost({ osRelease: DEBIAN }),
          log: (line) => lines.push(line),
        }),
    }
  }

  function reasonOf(found: FoundJemalloc | MissingJemalloc): string {
    return found.path === null ? `${found.code} ${found.reason}` : `found ${found.path}`
  }

  /** The folder a fetch on Debian 12 keeps its library in. */
  function target(root: string): string {
    return path.join(root, 'cache-attribution', `jemalloc-debian-12-${process.arch}`)
  }

  it('fetches with lists of its own where the system has none, keeps it private, and finds it again', async () => {
    const fetch = fetchFrom(repository(folder(), { library }))
    const found = await fetch.find()
    expect(reasonOf(found)).to.equal(`found ${target(`${fetch.home}/.cache`)}/libjemalloc.so.2`)
    expect(found).to.include({ source: 'fetched', preload: found.path })
    expect(statSync(path.dirname(found.path ?? '')).mode & 0o077).to.equal(0)
    expect(readdirSync(path.dirname(found.path ?? ''))).to.deep.equal(['libjemalloc.so.2'])
    expect(fetch.lines.join('\n')).to.match(/fetching libjemalloc2 with apt-get.*\nfetched jemalloc 5/)
    expect(await fetch.find()).to.include({ path: found.path, source: 'cache' })
  })

  it('keeps it in the node_modules of the working folder where there is one', async () => {
    const cwd = folder()
    mkdirSync(path.join(cwd, 'node_modules'))
    const env = { APT_CONFIG: repository(folder(), { library }) }
    const found = await findBare({ fetch: true, env, cwd, host: bareHost({ osRelease: DEBIAN }) })
    expect(reasonOf(found)).to.equal(`found ${target(`${cwd}/node_modules/.cache`)}/libjemalloc.so.2`)
  })

  it('what could go wrong if two processes fetch at once: both get it, and nothing is left over', async () => {
    const fetch = fetchFrom(repository(folder(), { library }))
    const both = await Promise.all([fetch.find(), fetch.find()])
    expect(both[0].path).to.equal(both[1].path)
    expect(readdirSync(target(`${fetch.home}/.cache`))).to.deep.equal(['libjemalloc.so.2'])
  })

  it('what could go wrong if the package is not signed: it is refused, even where apt is configured to take it', async () => {
    const configuration = `APT::Get::AllowUnauthenticated "true";\nAcquire::AllowInsecureRepositories "true";\n`
    const fetch = fetchFrom(repository(folder(), { library, trusted: false, configuration }))
    const found = await fetch.find()
    expect(reasonOf(found)).to.match(/^ERR_JEMALLOC_FETCH .*Release file/)
    expect(readdirSync(target(`${fetch.home}/.cache`))).to.deep.equal([])
  })

  it('what could go wrong if the package is not the one that the index promises: it is refused', async () => {
    const fetch = fetchFrom(repository(folder(), { library, tampered: true }))
    expect(reasonOf(await fetch.find())).to.match(/^ERR_JEMALLOC_FETCH .*(Hash Sum mismatch|checksum|hash)/i)
    expect(readdirSync(target(`${fetch.home}/.cache`))).to.deep.equal([])
  })

  it('what could go wrong if the fetched library does not work: it is refused, and nothing is kept', async () => {
    const junk = path.join(folder(), 'junk')
    writeFileSync(junk, 'junk')
    const fetch = fetchFrom(repository(folder(), { library: junk }))
    expect(reasonOf(await fetch.find())).to.include('ERR_JEMALLOC_FETCH it could not be fetched: the fetched library')
    expect(readdirSync(target(`${fetch.home}/.cache`))).to.deep.equal([])
  })

  it('what could go wrong if the first cache folder cannot be written to: the next one is taken, and it is said', async () => {
    const fetch = fetchFrom(repository(folder(), { library }))
    // A file in the way stops root too; a folder without the permission to write would not.
    const blocked = path.join(folder(), 'file')
    writeFileSync(blocked, '')
    const found = await fetch.find({ XDG_CACHE_HOME: blocked })
    expect(reasonOf(found)).to.equal(`found ${target(`${fetch.home}/.cache`)}/libjemalloc.so.2`)
    expect(fetch.lines.join()).to.include(`not used as cache folder: `)
  })

  it('what could go wrong if no cache folder can be written to: an error that names them, before any download', async () => {
    const fetch = fetchFrom(repository(folder(), { library }))
    const found = await fetch.find({ HOME: '/proc', XDG_CACHE_HOME: '/sys' })
    expect(reasonOf(found)).to.match(/^ERR_JEMALLOC_FETCH .*no private folder.*\/sys.*\/proc/)
    expect(fetch.lines).to.deep.equal([])
  })

  it('what could go wrong if apt-get or dpkg-deb is missing: the error says which, and what to do', async () => {
    const fetch = fetchFrom(repository(folder(), { library }))
    const none = await fetch.find({ PATH: '/nonexistent' })
    expect(reasonOf(none)).to.equal('ERR_JEMALLOC_FETCH it could not be fetched: apt-get: not found')
    expect(none).to.include({ mend: 'apt-get install libjemalloc2' })
    const tools = folder()
    symlinkSync('/usr/bin/apt-get', path.join(tools, 'apt-get'))
    expect(reasonOf(await fetch.find({ PATH: tools }))).to.include('dpkg-deb: not found')
  })

  it('what could go wrong if variables hold shell syntax: nothing interprets them', async () => {
    const fetch = fetchFrom(repository(folder(), { library }))
    const trap = path.join(folder(), 'trap')
    const found = await fetch.find({
      HOSTILE: `$(touch ${trap})`,
      XDG_CACHE_HOME: `/sys/\`touch ${trap}\`;touch ${trap}`,
    })
    expect(found).to.include({ source: 'fetched' })
    expect(readdirSync(path.dirname(trap))).to.deep.equal([])
  })

  it('what could go wrong if it is told to stop in the middle: it rejects, and leaves nothing', async () => {
    const home = folder()
    const controller = new AbortController()
    const stopped = findBare({
      fetch: true,
      env: { HOME: home, APT_CONFIG: repository(folder(), { library }) },
      host: bareHost({ osRelease: DEBIAN }),
      log: () => controller.abort(new Error('stop')),
      signal: controller.signal,
    }).catch((error: unknown) => String(error))
    expect(await stopped).to.equal('Error: stop')
    expect(readdirSync(target(`${home}/.cache`))).to.deep.equal([])
  })
})

describe('findJemalloc() with apt-get and the sources of this system', () => {
  it('fetches the signed package', async function () {
    await requireJemalloc(this)
    if (!hasApt()) this.skip()
    const home = folder()
    const found = await findBare({
      fetch: true,
      env: { HOME: home },
      host: bareHost({ osRelease: thisHost().osRelease }),
    })
    if (found.path === null && process.env['CI'] !== 'true' && /resolve|connect|fetch/i.test(found.reason)) {
      this.skip()
    }
    expect(found).to.include({ source: 'fetched' })
  })
})
