/**
 * Names of dumps: ours, and those that jemalloc gives by itself. Pure.
 *
 * Rule: what does not have such a name is no dump, and is never listed, read or removed.
 */

/** The content of a file. */
export type DumpKind = 'heap-profile' | 'heap-snapshot' | 'observation' | 'attribution' | 'discovery'

/**
 * Why a dump was made. `step`, `high-water`, `share`, `rate`: a growth monitor's triggers; `manual`: somebody asked. Of
 * jemalloc itself `interval` (`lg_prof_interval`), `gdump` (`prof_gdump`), `final` (`prof_final`) and `mallctl`
 * (`prof.dump` without a name).
 */
export type DumpTrigger =
  'step' | 'high-water' | 'share' | 'rate' | 'manual' | 'interval' | 'gdump' | 'final' | 'mallctl'

/** The facts in a name. */
export interface DumpName {
  readonly prefix: string
  readonly pid: number
  readonly kind: DumpKind
  readonly trigger: DumpTrigger
  readonly writtenBy: 'cache-attribution' | 'jemalloc'
  /** When it was made; null where the name does not say (jemalloc's). */
  readonly takenAt: Date | null
}

/** The prefix of our names unless another is given. */
export const DUMP_PREFIX = 'cache-attribution'

const ENDINGS: Readonly<Record<DumpKind, string>> = {
  'heap-profile': 'heap',
  'heap-snapshot': 'heapsnapshot',
  observation: 'observation.json',
  attribution: 'attribution.json',
  discovery: 'discovery.json',
}
const KINDS = new Map(Object.entries(ENDINGS).map(([kind, ending]) => [ending, kind as DumpKind]))

const OURS =
  /^(?<prefix>.+)\.(?<pid>\d{1,10})\.(?<date>\d{8}T\d{9}Z)\.(?<trigger>step|high-water|share|rate|manual)\.(?<ending>heap|heapsnapshot|(?:observation|attribution|discovery)\.json)$/
/** `<prefix>.<pid>.<seq>.<type><vseq>.heap`, of jemalloc 4 to 5.3 and its development branch. */
const JEMALLOCS = /^(?<prefix>.+)\.(?<pid>\d{1,10})\.\d+\.(?<type>[fimu])\d*\.heap$/
const JEMALLOC_TRIGGERS = { f: 'final', i: 'interval', m: 'mallctl', u: 'gdump' } as const

/**
 * Our name for a dump: times sort as text.
 *
 * @example
 * dumpName({ prefix: 'api', pid: 12, takenAt: new Date(0), trigger: 'step', kind: 'heap-profile' })
 * // 'api.12.19700101T000000000Z.step.heap'
 */
export function dumpName(facts: {
  readonly prefix: string
  readonly pid: number
  readonly takenAt: Date
  readonly trigger: DumpTrigger
  readonly kind: DumpKind
}): string {
  const date = facts.takenAt.toISOString().replace(/[-:.]/g, '')
  return `${facts.prefix}.${String(facts.pid)}.${date}.${facts.trigger}.${ENDINGS[facts.kind]}`
}

/** The facts in a file's name; null where it is none of a dump. */
export function parseDumpName(name: string): DumpName | null {
  const own = OURS.exec(name)?.groups
  if (own !== undefined) {
    const takenAt = new Date(
      (own['date'] ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, '$1-$2-$3T$4:$5:$6.$7Z'),
    )
    const kind = KINDS.get(own['ending'] ?? '')
    if (kind === undefined || Number.isNaN(takenAt.getTime())) return null
    return {
      prefix: own['prefix'] ?? '',
      pid: Number(own['pid']),
      kind,
      trigger: own['trigger'] as DumpTrigger,
      writtenBy: 'cache-attribution',
      takenAt,
    }
  }
  const theirs = JEMALLOCS.exec(name)?.groups
  if (theirs === undefined) return null
  return {
    prefix: theirs['prefix'] ?? '',
    pid: Number(theirs['pid']),
    kind: 'heap-profile',
    trigger: JEMALLOC_TRIGGERS[theirs['type'] as keyof typeof JEMALLOC_TRIGGERS],
    writtenBy: 'jemalloc',
    takenAt: null,
  }
}
