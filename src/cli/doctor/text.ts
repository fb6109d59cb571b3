/** The doctor's findings as text. Pure. */
import { wrapText } from '../../report/fit-lines.js'
import { printable } from '../../support/units.js'
import { MALLOC_CONF_FILE } from '../jemalloc/secure-start.js'
import type { AllocatorFacts } from './allocator-facts.js'
import type { Examination, Finding } from './examine.js'

/** Nothing is cut off in practice: a cure is worth nothing without its end. */
const LINE_LENGTH_MAX = 4000

/** `ok  this process  `, before what is said. */
const INDENT = 18
/** A text has so many columns at least, however narrow the terminal. */
const DETAIL_LEAST = 20

/** A line for each finding, below each lack its cure, and the conclusion last, `width` columns wide at most. */
export function diagnosisText(diagnosis: Examination, width = Infinity): string {
  const { node, platform, addon, ffi, library, here, underRun, twin, ready } = diagnosis
  const libc =
    platform.libc === null ? '' : `, ${platform.libc}${platform.libcVersion === null ? '' : ` ${platform.libcVersion}`}`
  // Either binding is enough: the second one missing is no lack.
  const needless = addon.present
  const lines = [
    line('ok', 'node', `${node.version} (${node.path})`),
    line('ok', 'platform', `${platform.os} ${platform.arch}${libc}`),
    ...findingLines('addon', addon, ffi.present),
    ...findingLines('ffi', ffi, needless),
    ...findingLines('jemalloc', { ...library, detail: libraryDetail(diagnosis) }, false),
    line(here.name === 'unavailable' ? '--' : 'ok', 'this process', allocatorDetail(here)),
    ...(underRun === null ? [] : [line(ready ? 'ok' : 'no', 'under run', allocatorDetail(underRun))]),
    ...(underRun?.settings == null
      ? []
      : [line(underRun.settings.optProf === true ? 'ok' : '--', 'profiling', profilingDetail(diagnosis, underRun))]),
    ...findingLines('twin', twin, true),
    '',
    ready
      ? 'Ready: "cache-attribution run app.js" measures with jemalloc.'
      : 'Not ready: "cache-attribution run" cannot measure with jemalloc.',
  ]
  return `${lines.flatMap((text) => fitted(text, width)).join('\n')}\n`
}

/** A text that has no room goes on below the detail. */
function fitted(text: string, width: number): readonly string[] {
  const isFinding = text.startsWith(' ') || /^(?:ok|no|--) {2}/.test(text)
  const indent = isFinding && width !== Infinity ? INDENT : 0
  const [first = '', ...others] = wrapText(text.slice(indent), Math.max(DETAIL_LEAST, width - indent))
  return [text.slice(0, indent) + first, ...others.map((part) => ' '.repeat(indent) + part)]
}

/** `ok` there, `no` missing, `--` missing and not needed. */
type Mark = 'ok' | 'no' | '--'

function line(mark: Mark, name: string, detail: string): string {
  return `${mark}  ${name.padEnd(12)}  ${printable(detail, LINE_LENGTH_MAX)}`
}

function findingLines(name: string, finding: Finding, optional: boolean): readonly string[] {
  const mark = finding.present ? 'ok' : optional ? '--' : 'no'
  const cure =
    finding.mend === null
      ? []
      : [
          `    ${''.padEnd(12)}  ${optional ? 'not needed; to have it' : 'to fix it'}: ${printable(finding.mend, LINE_LENGTH_MAX)}`,
        ]
  return [line(mark, name, finding.detail), ...cure]
}

function libraryDetail({ library }: Examination): string {
  return library.path === null ? library.detail : `${library.detail} (${library.source ?? ''}: ${library.path})`
}

function allocatorDetail({ name, version, statistic, binding, reason }: AllocatorFacts): string {
  const what = [name, version].filter((part) => part !== null).join(' ')
  const how = statistic === null ? '' : `, ${statistic}${binding === null ? '' : ` through ${binding}`}`
  return `${what}${how}${reason === null ? '' : `: ${reason}`}`
}

function profilingDetail({ platform }: Examination, { settings }: AllocatorFacts): string {
  if (settings?.configProf !== true) return 'this build of jemalloc has none (config.prof: false)'
  if (settings.optProf === true) return 'enabled (opt.prof: true)'
  const cure =
    platform.secureStart === null ? 'run --profile, or MALLOC_CONF=prof:true,prof_active:false' : MALLOC_CONF_FILE
  return `possible; to enable it: ${cure}`
}
