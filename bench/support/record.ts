/**
 * `--record`: what a benchmark prints goes into bench/results/<script>.md as well, with the machine, the date and the commit.
 *
 * Rule: a run replaces the section of its own command line and leaves the others alone; a run that throws records nothing.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const FLAG = '--record'
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** The Markdown of all runs of a script, with this one in its place: the newest first. */
export function withSection(document: string, script: string, title: string, text: string): string {
  const [, ...sections] = document.split(/^## /m)
  const others = sections.filter((section) => section.split('\n', 1)[0] !== title)
  const head = `# ${script}\n\nWhat \`bench/${script}.ts\` printed. \`${FLAG}\` replaces the section of the same command line.\n\n`
  return (
    `${head}${[`${title}\n\n${text.trim()}\n\n`, ...others].map((section) => `## ${section}`).join('')}`.trimEnd() +
    '\n'
  )
}

/** The command line as a reader would type it: without paths of this machine. */
export function commandOf(script: string, args: readonly string[], versionOf: (node: string) => string): string {
  const shown = args.flatMap((argument, index) => {
    if (args[index - 1] === '--node') return [versionOf(argument)]
    return [argument.startsWith('--node=') ? `--node=${versionOf(argument.slice('--node='.length))}` : argument]
  })
  return ['node', `dist/bench/${script}.js`, ...shown].join(' ')
}

/** One line: when, where and of which code. */
function circumstances(): string {
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`
  const machine = `${String(os.cpus().length)} × ${cpu} (${process.arch}), ${memory}, ${os.type()} ${os.release()}`
  const [load = 0] = os.loadavg()
  return `${new Date().toISOString()}, Node ${process.version}, ${machine}, load ${load.toFixed(1)} at the end, ${commit()}`
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `commit ${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`
  } catch {
    return 'commit unknown'
  }
}

/** The version that a binary prints. */
function version(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
}

/** Keeps what this process prints, and writes it down when it ends. */
function record(): void {
  const script = path.parse(process.argv[1] ?? '').name
  const title = `\`${commandOf(script, process.argv.slice(2), version)}\``
  const printed: string[] = []
  const write = process.stdout.write.bind(process.stdout)
  process.stdout.write = (chunk: string | Uint8Array, ...rest: []) => {
    printed.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())
    return write(chunk, ...rest)
  }
  let hasThrown = false
  process.on('uncaughtExceptionMonitor', () => (hasThrown = true))
  process.on('exit', (code) => {
    if (hasThrown || printed.length === 0) return
    const file = path.join(ROOT, 'bench', 'results', `${script}.md`)
    mkdirSync(path.dirname(file), { recursive: true })
    const outcome = code === 0 ? 'every bar held' : 'a bar was missed'
    const text = `${circumstances()}, ${outcome}\n\n${printed.join('')}`
    writeFileSync(file, withSection(existsSync(file) ? readFileSync(file, 'utf8') : '', script, title, text))
  })
}

if (process.argv.includes(FLAG)) {
  // Children of a benchmark get its arguments, and record nothing.
  process.argv = process.argv.filter((argument) => argument !== FLAG)
  record()
}
