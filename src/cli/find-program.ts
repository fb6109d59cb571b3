/**
 * The target of `run`: a script for Node, or a command of the project or the machine.
 *
 * Rule: what Node would take for a script is one. Only what is no file is sought among the commands.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs'
import path from 'node:path'
import { CacheAttributionError } from '../support/errors.js'
import { quotedArgument, usageError } from './arguments.js'

/** Where it is sought. */
export interface ProgramSearch {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** The Node that runs scripts. */
  readonly execPath: string
}

/** The program that is started. */
export interface FoundProgram {
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Whether `file` is that Node, and its own flags may stand in front of `args`. */
  readonly isNode: boolean
}

const SCRIPT = /\.[cm]?[jt]sx?$/i
const TYPESCRIPT = /\.[cm]?tsx?$/i
/** Flags of Node after which it may be able to run TypeScript. */
const LOADER_FLAG = /(?:^|\s)(?:--import|--require|-r|--loader|--experimental-(?:loader|strip-types|transform-types))\b/

/**
 * Finds it.
 *
 * @throws CacheAttributionError `ERR_COMMAND_START` where there is no such file and no such command; `ERR_COMMAND_USAGE` for TypeScript
 *   that this Node does not run
 */
export function findProgram(program: readonly string[], { cwd, env, execPath }: ProgramSearch): FoundProgram {
  const [name = '', ...args] = program
  const script: FoundProgram = { file: execPath, args: program, env, isNode: true }
  checkTypeScript(program, env)
  if (name.startsWith('-') || SCRIPT.test(name)) return script
  const isPath = name.includes('/') || name.includes(path.sep)
  const file = path.resolve(cwd, name)
  if (isFile(file)) return isPath && isForAnother(file) ? { ...script, file, args, isNode: false } : script
  if (isModule(file)) return script
  const folders = commandFolders(cwd)
  const found = isPath ? undefined : commandIn([...folders, ...(env['PATH'] ?? '').split(path.delimiter)], cwd, name)
  if (found === undefined) {
    throw new CacheAttributionError(
      'ERR_COMMAND_START',
      `there is no file ${quotedArgument(name)} in ${cwd}, and no command of this name in node_modules/.bin or PATH`,
    )
  }
  // As npm does: what the command starts finds the project's commands too.
  const searched = [...folders.filter((folder) => existsSync(folder)), env['PATH'] ?? ''].join(path.delimiter)
  return { file: found, args, env: { ...env, PATH: searched }, isNode: false }
}

/** Node resolves a folder, and a name without its ending. */
function isModule(file: string): boolean {
  return ['.js', '.json', '.node', '/package.json', '/index.js'].some((ending) => isFile(file + ending))
}

/** Executable, and by its first bytes not for Node. */
function isForAnother(file: string): boolean {
  if (!isExecutable(file)) return false
  const head = headOf(file)
  return head.startsWith('\u007fELF') || (head.startsWith('#!') && !/\bnode\b/.test(head.split('\n', 1)[0] ?? ''))
}

function headOf(file: string): string {
  const buffer = Buffer.alloc(128)
  const descriptor = openSync(file, 'r')
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0))
  } finally {
    closeSync(descriptor)
  }
}

/** `node_modules/.bin` here and above. */
function commandFolders(cwd: string): string[] {
  const folders: string[] = []
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    folders.push(path.join(folder, 'node_modules', '.bin'))
    if (folder === path.dirname(folder)) return folders
  }
}

function commandIn(folders: readonly string[], cwd: string, name: string): string | undefined {
  // An empty entry of PATH is the working directory.
  return folders.map((folder) => path.resolve(cwd, folder, name)).find((file) => isFile(file) && isExecutable(file))
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Node's own error has a stack, and no way out. */
function checkTypeScript(program: readonly string[], env: NodeJS.ProcessEnv): void {
  const [name = ''] = program
  const runs = (process.features as { typescript?: string | false }).typescript
  if (!TYPESCRIPT.test(name) || (runs !== undefined && runs !== false)) return
  if (LOADER_FLAG.test(env['NODE_OPTIONS'] ?? '')) return
  throw usageError(
    `Node ${process.version} does not run ${quotedArgument(name)} by itself: run tsx ${name}, run -- --import tsx ${name}, or use Node 22.18 or newer`,
  )
}
