/** Installs a server from the registry into a folder of its own. Once: what is there is taken as it is. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, openSync, closeSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { RealServer, ServerFolder } from './server.js'

const DONE = 'installed'

/** The folder of a server, with everything in it. `node` is the Node that it will run under. */
export async function install(server: RealServer, root: string, node: string): Promise<ServerFolder> {
  const folder = path.join(root, server.name)
  const where: ServerFolder = { folder, run: (command, args, env) => run(folder, node, { command, args, env }) }
  if (existsSync(path.join(folder, DONE))) return where
  mkdirSync(folder, { recursive: true })
  const { packages, overrides = {}, builds = [], prepare } = server
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, overrides }))
  await where.run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages])
  // Newer versions of npm run no scripts of dependencies unasked.
  for (const name of builds) await where.run('npm', ['rebuild', '--ignore-scripts=false', '--foreground-scripts', name])
  await prepare?.(where)
  writeFileSync(path.join(folder, DONE), '')
  return where
}

/** Its output is in `log` there. */
async function run(
  folder: string,
  node: string,
  { command, args, env = {} }: { command: string; args: readonly string[]; env: NodeJS.ProcessEnv | undefined },
): Promise<void> {
  const log = openSync(path.join(folder, 'log'), 'a')
  // npm and what it builds find the Node that is meant.
  const searched = `${path.dirname(node)}:${process.env['PATH'] ?? ''}`
  const { LD_PRELOAD: _preload, ...own } = process.env
  const child = spawn(command === 'node' ? node : command, args, {
    cwd: folder,
    env: { ...own, PATH: searched, npm_config_nodedir: nodeFolder(node), ...env },
    stdio: ['ignore', log, log],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  closeSync(log)
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}: ${path.join(folder, 'log')} says why`)
  }
}

/** Where its headers are, if they are beside it. */
function nodeFolder(node: string): string | undefined {
  const folder = path.dirname(path.dirname(node))
  return existsSync(path.join(folder, 'include', 'node', 'node_api.h')) ? folder : undefined
}
