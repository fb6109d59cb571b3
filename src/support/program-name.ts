/**
 * The name of the running program: the one in the package.json nearest to its script.
 *
 * Rule: read once, at the first question, and never thrown from: a name is a help to the reader and no more.
 */
import path from 'node:path'
import process from 'node:process'
import { readText } from './read-text.js'

/** Folders that are looked into, from the script's upwards. */
const LEVELS_MOST = 12

let known: string | null | undefined

/** The package of the program that runs; null where it is in none, or none can be read. */
export function programName(): string | null {
  return (known ??= nameAbove(process.argv[1] ?? path.join(process.cwd(), 'x')))
}

/** What the process is called where its program is in no package: its title, if the program has set one, else its script with the folder. */
export function processTitle(running: Running = process): string {
  const { title, argv0, execPath, argv } = running
  const [, script] = argv
  if (script === undefined || !['node', argv0, execPath].includes(title)) return title
  return path.resolve(script).split(path.sep).slice(-2).filter(Boolean).join('/')
}

type Running = Readonly<Pick<NodeJS.Process, 'title' | 'argv0' | 'execPath' | 'argv'>>

/**
 * The name in the nearest package.json above a file that has one. `read` gives a file's text, or null.
 *
 * @example
 * nameAbove('/app/dist/server.js') // 'shop'
 */
export function nameAbove(file: string, read: (path: string) => string | null = readText): string | null {
  let folder = path.dirname(path.resolve(file))
  for (let level = 0; level < LEVELS_MOST; level++) {
    const name = nameIn(read(path.join(folder, 'package.json')))
    if (name !== null) return name
    const above = path.dirname(folder)
    if (above === folder) return null
    folder = above
  }
  return null
}

/** A package.json without a name only says of which kind the modules beside it are. */
function nameIn(text: string | null): string | null {
  try {
    const { name } = JSON.parse(text ?? '{}') as { readonly name?: unknown }
    return typeof name === 'string' && name !== '' ? name : null
  } catch {
    return null
  }
}
