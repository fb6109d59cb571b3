/** `cache-attribution profile`: a heap profile, from a file or a running service, in the form that is wanted. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { foldedLines } from '../../heap-profile/output/folded.js'
import { toFlamegraph } from '../../heap-profile/output/flamegraph.js'
import { toPprof } from '../../heap-profile/output/pprof.js'
import { formatTopTable, topTable } from '../../heap-profile/output/top.js'
import { hidePackages } from '../../heap-profile/profile/hide-packages.js'
import { subtractProfile } from '../../heap-profile/profile/subtract-profile.js'
import { selectThread } from '../../heap-profile/profile/threads.js'
import { SAMPLE_TYPE_NAMES } from '../../heap-profile/profile/sample-types.js'
import type { CaptureKind } from '../../profiling/profiler/options.js'
import type { HeapProfile, SampleTypeName } from '../../heap-profile/profile/types.js'
import { symbolize } from '../../heap-profile/symbols/symbolize.js'
import { readArguments, refuseOperands, usageError } from '../arguments.js'
import type { ArgumentRule, Arguments } from '../arguments.js'
import type { Command, CommandContext } from '../command.js'
import { formatProfileTable } from '../profile-table.js'
import { profileOfProcess } from '../ask/process-profile.js'
import type { TableOptions } from '../../heap-profile/output/top.js'
import { readSource } from './profile-source.js'
import { sourceLinesOf, withSource } from './source-lines.js'

const HELP = `Usage: cache-attribution profile FILE|URL|PID [options]

Shows a heap profile: a dump of jemalloc (heap_v2), a pprof file, or the profile of a running service at
…/debug/pprof/heap. For a PID (a running Node process, which need not be prepared) allocations are sampled for 30
seconds: native memory if its jemalloc was started with profiling ("run --profile"), else V8's heap. Functions are named
from the files that the process had mapped, if they are on this machine.

Options:
  --base FILE|URL      show the difference to that one: functions whose memory grew or shrank
  --format top         a table of functions (default; without --format an output named *.html is a flame graph, *.pb,
                       *.pb.gz and *.pprof are for pprof, *.folded is folded)
  --format flamegraph  one HTML page: needs --output
  --format folded      one line a stack
  --format pprof       for go tool pprof and the like: needs --output, and the package pprof-format
  --output FILE, -o    write it there (mode 0600) in place of stdout
  --type NAME          inuse_space (default), inuse_objects; where freed memory is counted alloc_space, alloc_objects,
                       temporary_space (allocated and freed again) or temporary_objects; of a profile of all memory
                       native_space or heap_space
  --by KIND            of a table: function (default), line, file or package
  --source             of a flame graph, or a table by line: the text of the lines, where the file can be read here
  --hide PACKAGES      leave out the JavaScript of these packages (a list with commas; node is Node's own): their memory
                       is assigned to their callers
  --seconds N          of a URL or a PID: sample the allocations of the next N seconds
  --kind KIND          of a URL or a PID: native, js (V8's heap) or all (both)
  --leak               of a URL or a PID: show memory that stays. Allocations of the last tenth of the time, such as those
                       of requests in progress, are left out, and garbage is collected
  --temporary          of a URL or a PID: what is allocated and freed again in the seconds; native memory needs a start by
                       "run --profile --temporary". Of a file: as --type temporary_space
  --thread N           one thread alone, by jemalloc's number
  --root FOLDER        look up the mapped files below this folder, e.g. /proc/PID/root
  --allocator          show the allocator's own frames too
  --no-lines           do not ask llvm-symbolizer or addr2line for lines and inlined functions
  --truncated          read the whole stacks of a file that ends too early

Environment:
  CACHE_ATTRIBUTION_TOKEN  sent to a URL as "Authorization: Bearer …"
`

const RULES: Readonly<Record<string, ArgumentRule>> = {
  base: { kind: 'text', what: 'a file or an address' },
  format: { kind: 'choice', of: ['top', 'flamegraph', 'folded', 'pprof'] },
  output: { kind: 'text', what: 'a file', short: 'o' },
  type: { kind: 'choice', of: SAMPLE_TYPE_NAMES },
  by: { kind: 'choice', of: ['function', 'line', 'file', 'package'] },
  source: { kind: 'switch' },
  hide: { kind: 'text', what: 'names of packages' },
  seconds: { kind: 'text', what: 'a number of seconds' },
  leak: { kind: 'switch' },
  temporary: { kind: 'switch' },
  kind: { kind: 'choice', of: ['js', 'native', 'all'] },
  thread: { kind: 'text', what: "a thread's number" },
  root: { kind: 'text', what: 'a folder' },
  allocator: { kind: 'switch' },
  'no-lines': { kind: 'switch' },
  truncated: { kind: 'switch' },
}

const FORMATS_BY_NAME = [
  [/\.html?$/i, 'flamegraph'],
  [/\.(?:pb|pb\.gz|pprof)$/i, 'pprof'],
  [/\.folded$/i, 'folded'],
] as const

/** Longest time that a service may be asked to sample. */
const MAX_SECONDS = 3_600

/** The subcommand. */
export const profileCommand: Command = {
  name: 'profile',
  summary: 'show a heap profile, or the difference of two',
  help: HELP,
  rules: RULES,
  takes: 'process-or-file',
  run: async (context) => {
    const { target, options } = targetAndOptions(context.args)
    const output = textOption(options, 'output')
    const format = formatOf(options, output)
    if (output === undefined && (format === 'pprof' || format === 'flamegraph')) {
      throw usageError(`"--format ${format}" needs "--output FILE"`)
    }
    if (options.has('source') && format !== 'flamegraph' && (format !== 'top' || options.get('by') !== 'line')) {
      throw usageError('"--source" needs a flame graph, or a table "--by line"')
    }
    const shown = hidden(await readProfile(context, target, options), textOption(options, 'hide'))
    for (const comment of shown.comments) context.log(comment)
    await write(context, output, await outputOf(shown, target, { format, options }))
    return { code: 0 }
  },
}

function hidden(profile: HeapProfile, packages: string | undefined): HeapProfile {
  return packages === undefined ? profile : hidePackages(profile, packages.split(','))
}

/** As it says, else by the name of the file. */
function formatOf(options: Arguments['options'], output: string | undefined): string {
  const format = textOption(options, 'format')
  if (format !== undefined || output === undefined) return format ?? 'top'
  return FORMATS_BY_NAME.find(([pattern]) => pattern.test(output))?.[1] ?? 'top'
}

/** Options may stand before and behind the file. */
function targetAndOptions(args: readonly string[]): { target: string; options: Arguments['options'] } {
  const before = readArguments('profile', args, RULES)
  const [target, ...behind] = before.operands
  if (target === undefined) throw usageError('"profile" needs a file or an address')
  const after = readArguments('profile', behind, RULES)
  refuseOperands('profile', after.operands)
  return { target, options: new Map([...before.options, ...after.options]) }
}

async function readProfile(
  context: CommandContext,
  target: string,
  options: Arguments['options'],
): Promise<HeapProfile> {
  const seconds = wholeNumber(options, 'seconds', 1, MAX_SECONDS)
  const thread = wholeNumber(options, 'thread', 0, Number.MAX_SAFE_INTEGER)
  const base = textOption(options, 'base')
  const kind = options.get('kind') as CaptureKind | undefined
  const leak = options.has('leak')
  refuseLeak(target, { leak, base, seconds })
  refuseTemporary(target, options)
  // A file has what it has.
  const temporary = options.has('temporary') && isAsked(target)
  const source = {
    cwd: context.cwd,
    token: context.env['CACHE_ATTRIBUTION_TOKEN'],
    truncated: options.has('truncated'),
    threads: thread !== undefined,
  }
  let shown = isProcess(target)
    ? await profileOfProcess(Number(target), { seconds, kind, leak, temporary }, context.log)
    : await readSource(target, { ...source, seconds, kind, leak, temporary })
  if (thread !== undefined) shown = selectThread(shown, thread)
  if (base !== undefined) {
    let earlier = await readSource(base, {
      ...source,
      seconds: undefined,
      kind: undefined,
      leak: false,
      temporary: false,
    })
    if (thread !== undefined) earlier = selectThread(earlier, thread)
    shown = subtractProfile(shown, earlier)
  }
  const root = textOption(options, 'root')
  const lines = !options.has('no-lines')
  return symbolize(shown, root === undefined ? { lines } : { lines, root: path.resolve(context.cwd, root) })
}

/** It is of what is allocated from now on. */
function refuseLeak(
  target: string,
  {
    leak,
    base,
    seconds,
  }: { readonly leak: boolean; readonly base?: string | undefined; readonly seconds?: number | undefined },
): void {
  if (!leak) return
  if (base !== undefined) throw usageError('"--leak" takes no "--base": what was there before is no part of it')
  if (isProcess(target)) return
  if (!isAsked(target)) throw usageError('"--leak" is for a URL or a PID: a file was sampled already')
  if (seconds === undefined) throw usageError('"--leak" of a URL needs "--seconds"')
}

/** Of a service it is of what is freed from now on. */
function refuseTemporary(target: string, options: Arguments['options']): void {
  if (!options.has('temporary')) return
  for (const other of ['type', 'leak']) {
    if (options.has(other)) throw usageError(`"--temporary" takes no "--${other}": it is a view of its own`)
  }
  if (!isAsked(target)) return
  if (options.has('base'))
    throw usageError('"--temporary" of a URL or a PID takes no "--base": it is of what is freed from now on')
  if (!isProcess(target) && !options.has('seconds')) throw usageError('"--temporary" of a URL needs "--seconds"')
}

/** Whether a running process is asked. */
function isAsked(target: string): boolean {
  return isProcess(target) || /^https?:\/\//i.test(target)
}

/** A file of such a name is given as ./4711. */
function isProcess(target: string): boolean {
  return /^[1-9]\d{0,9}$/.test(target)
}

async function outputOf(
  shown: HeapProfile,
  target: string,
  { format, options }: { readonly format: string; readonly options: Arguments['options'] },
): Promise<string | Uint8Array | Iterable<string>> {
  const type = (options.has('temporary') ? 'temporary_space' : (options.get('type') ?? 'inuse_space')) as SampleTypeName
  const output = { type, allocatorFrames: options.has('allocator') }
  const base = textOption(options, 'base')
  switch (format) {
    case 'pprof':
      return toPprof(shown, output)
    case 'folded':
      return foldedLines(shown, output)
    case 'flamegraph': {
      const name = isProcess(target) ? `process ${target}` : path.basename(target)
      const title = base === undefined ? name : `${name} − ${path.basename(base)}`
      const sourceLine = options.has('source') ? await sourceLinesOf(shown) : undefined
      return toFlamegraph(shown, { ...output, title: title.slice(0, 200), difference: base !== undefined, sourceLine })
    }
    default: {
      const by = (options.get('by') ?? 'function') as NonNullable<TableOptions['by']>
      const top = topTable(shown, { ...output, by })
      const table = options.has('source') ? await withSource(top, shown) : top
      // A file is as wide as it is.
      return options.has('output') ? formatTopTable(table) : formatProfileTable(table)
    }
  }
}

async function write(
  { cwd, print }: CommandContext,
  output: string | undefined,
  result: string | Uint8Array | Iterable<string>,
): Promise<void> {
  if (output === undefined) {
    if (result instanceof Uint8Array || typeof result === 'string') print(String(result))
    else for (const line of result) print(line)
    return
  }
  try {
    // Names and paths of a service are nobody else's business.
    await writeFile(path.resolve(cwd, output), result, { mode: 0o600 })
  } catch (error) {
    throw new CacheAttributionError('ERR_PROFILE_WRITE', `the output could not be written: ${messageOf(error)}`)
  }
}

function textOption(options: Arguments['options'], name: string): string | undefined {
  const value = options.get(name)
  return typeof value === 'string' ? value : undefined
}

function wholeNumber(options: Arguments['options'], name: string, min: number, max: number): number | undefined {
  const value = textOption(options, name)
  if (value === undefined) return undefined
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= min && number <= max)) throw usageError(`"--${name}" must be a whole number from ${min} to ${max}`)
  return number
}
