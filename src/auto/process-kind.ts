/**
 * The kind of this process. `NODE_OPTIONS` reaches every Node that a shell, a package manager or a service starts, and most
 * of those are nobody's service.
 *
 * Rule: a tool gets nothing. What a served process starts is served too, and never heard of.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { isOwnFile } from '../support/own-package.js'
import { SERVED_BY, isSwitchedOff } from './settings.js'

/** `service`: served and announced. `descendant`: served in silence. `tool`: left alone. */
export type ProcessKind = 'service' | 'descendant' | 'tool'

/** The facts that a process is known by. */
export interface ProcessFacts {
  readonly isMainThread: boolean
  readonly pid: number
  readonly env: NodeJS.ProcessEnv
  /** The main script, as far as there is one. */
  readonly script: string | undefined
  /** Flags of Node. */
  readonly execArgv: readonly string[]
}

/** Packages whose command starts other processes, runs tests, or builds. */
const TOOLS: ReadonlySet<string> = new Set([
  ...['npm', 'pnpm', 'yarn', '@yarnpkg/cli-dist', 'corepack', 'npm-run-all', 'npm-run-all2', 'lerna', 'turbo', 'nx'],
  ...['tsx', 'nodemon', 'ts-node-dev', 'pm2', 'concurrently', 'cross-env', 'dotenv-cli', 'foreman'],
  ...['mocha', 'jest', 'jest-cli', 'jest-worker', 'vitest', 'tinypool', 'ava', 'tap', '@tapjs/run', 'uvu', 'c8', 'nyc'],
  ...['karma', 'cypress', 'playwright', 'playwright-core', '@playwright/test', '@wdio/cli', '@cucumber/cucumber'],
  ...['typescript', 'eslint', 'prettier', 'webpack', 'webpack-cli', 'rollup', 'vite', 'esbuild', 'parcel', 'node-gyp'],
  ...['@babel/cli', '@angular/cli', 'typedoc', 'knip', 'husky', 'lint-staged', 'prettier-eslint'],
])

/** Of package managers that lie as one file in a project, or in a folder of the system. */
const TOOL_SCRIPTS = /^(?:np[mx]-cli|pnp[mx]|yarn(?:-[\w.-]+)?|corepack|processChild)\.[cm]?js$/

/** Set by test runners for the processes that they start. */
const TEST_VARIABLES = ['NODE_TEST_CONTEXT', 'JEST_WORKER_ID', 'VITEST', 'VITEST_WORKER_ID', 'VITEST_POOL_ID']

/** Tells it. */
export function processKindOf(facts: ProcessFacts): ProcessKind {
  const { isMainThread, pid, env, script, execArgv } = facts
  if (!isMainThread || isSwitchedOff(env)) return 'tool'
  if (TEST_VARIABLES.some((name) => env[name] !== undefined)) return 'tool'
  if (execArgv.some((flag) => flag === '--test' || flag.startsWith('--test-'))) return 'tool'
  if (script !== undefined && isTool(script) && !isContainer(script)) return 'tool'
  const servedBy = env[SERVED_BY]
  return servedBy !== undefined && servedBy !== String(pid) ? 'descendant' : 'service'
}

function isTool(script: string): boolean {
  const file = realPath(script)
  return isOwnCommand(file) || TOOL_SCRIPTS.test(path.basename(file)) || TOOLS.has(packageOf(file) ?? '')
}

/** pm2 starts a service by a script of its own, which loads that of the service into the same process. */
function isContainer(script: string): boolean {
  const file = realPath(script)
  return /^ProcessContainer(?:Fork)?(?:Bun)?\.js$/.test(path.basename(file)) && packageOf(file) === 'pm2'
}

/** `cache-attribution run` starts the service, and is none. */
function isOwnCommand(file: string): boolean {
  return isOwnFile(file) && /\/cli\/main\.c?js$/.test(file)
}

/** A command in node_modules/.bin is a link to the script of its package. */
function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

/** The name in the nearest package.json that has one. */
function packageOf(file: string): string | undefined {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const description = path.join(folder, 'package.json')
    try {
      if (existsSync(description)) {
        const { name } = JSON.parse(readFileSync(description, 'utf8')) as { name?: unknown }
        if (typeof name === 'string') return name
      }
    } catch {
      return undefined
    }
    if (folder === path.dirname(folder)) return undefined
  }
}
