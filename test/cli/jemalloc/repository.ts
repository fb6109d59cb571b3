/** A package repository in a folder, so that apt-get itself can be tested without a network. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { debianArchitecture } from '../../helpers/internals/cli-jemalloc.js'

export interface RepositoryOptions {
  /** The file that the package carries as libjemalloc.so.2. */
  readonly library: string
  /** Whether the sources say `[trusted=yes]`, as an administrator may for a repository of his own. @default true */
  readonly trusted?: boolean
  /** Whether the index promises another checksum than the package has. @default false */
  readonly tampered?: boolean
  /** More lines of apt configuration. */
  readonly configuration?: string
}

/** Whether this system has what a fetch needs. */
export function hasApt(): boolean {
  try {
    execFileSync('apt-get', ['--version'], { stdio: 'ignore' })
    execFileSync('dpkg-deb', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Builds the repository in `folder`; returns the value of APT_CONFIG that makes it the only one. */
export function repository(folder: string, options: RepositoryOptions): string {
  const { library, trusted = true, tampered = false, configuration = '' } = options
  const architecture = debianArchitecture(process.arch) ?? process.arch
  const control = `Package: libjemalloc2\nVersion: 99.0\nArchitecture: ${architecture}
Maintainer: Test <test@example.invalid>\nDescription: test\n`
  mkdirSync(path.join(folder, 'package', 'DEBIAN'), { recursive: true })
  mkdirSync(path.join(folder, 'package', 'usr', 'lib', 'any'), { recursive: true })
  mkdirSync(path.join(folder, 'lists', 'partial'), { recursive: true })
  mkdirSync(path.join(folder, 'repository'))
  writeFileSync(path.join(folder, 'package', 'DEBIAN', 'control'), control)
  copyFileSync(library, path.join(folder, 'package', 'usr', 'lib', 'any', 'libjemalloc.so.2'))
  const archive = path.join(folder, 'repository', 'libjemalloc2.deb')
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '-b', path.join(folder, 'package'), archive], {
    stdio: 'ignore',
  })
  const digest = createHash('sha256').update(tampered ? 'another file' : readFileSync(archive))
  writeFileSync(
    path.join(folder, 'repository', 'Packages'),
    `${control}Filename: ./libjemalloc2.deb\nSize: ${statSync(archive).size}\nSHA256: ${digest.digest('hex')}\n`,
  )
  const sources = path.join(folder, 'sources.list')
  writeFileSync(sources, `deb ${trusted ? '[trusted=yes] ' : ''}file:${folder}/repository ./\n`)
  const config = path.join(folder, 'apt.conf')
  writeFileSync(
    config,
    `Dir::Etc::sourcelist "${sources}";\nDir::Etc::sourceparts "-";\nDir::State::Lists "${folder}/lists";\n${configuration}`,
  )
  return config
}
