/** The words of the warnings that a run gives. */
import { messageOf } from '../../support/errors.js'
import { formatMs } from '../../support/units.js'
import type { ReportWarning } from '../../report/types.js'

/** Names of caches in a warning about releases under pressure; of more it gives the number. */
const PRESSURE_NAMED = 8

export function notSettled(name: string): ReportWarning {
  return {
    code: 'WARN_NOT_SETTLED',
    message: `background work was not quiescent around the release of ${JSON.stringify(name)}: its row may carry some of it`,
    cache: name,
  }
}

export function notEmpty(name: string, entries: number): ReportWarning {
  return {
    code: 'WARN_NOT_EMPTY',
    message: `${JSON.stringify(name)} still counts ${String(entries)} entries after its release`,
    cache: name,
  }
}

/** A copy of a module that nobody uses, or a cache whose feature nobody asks for. */
export function neverFilled(name: string, busyMs: number): ReportWarning {
  return {
    code: 'WARN_NEVER_FILLED',
    message: `${JSON.stringify(name)} had no entry whenever it was asked, and the event loop has worked for ${formatMs(busyMs)} since it was registered: is it the copy that the service uses?`,
    cache: name,
  }
}

export function noNaturalGc(timeoutMs: number): ReportWarning {
  return {
    code: 'WARN_NO_NATURAL_GC',
    message: `V8 made no major GC of its own within ${String(timeoutMs)} ms: garbage may count as live`,
  }
}

export function aliased(names: readonly string[], count: number): ReportWarning {
  const others = count > names.length ? ` and ${String(count - names.length)} more` : ''
  return {
    code: 'WARN_ALIASED',
    message: `${names.map((name) => JSON.stringify(name)).join(' and ')}${others} are the same object: the first one released gets all its memory`,
    ...(names[0] === undefined ? {} : { cache: names[0] }),
    caches: names,
  }
}

export function allocatorUnavailable(reason: string | null): ReportWarning {
  return { code: 'WARN_ALLOCATOR_UNAVAILABLE', message: `only V8 figures were measured: ${reason ?? ''}` }
}

export function noBreakdown(reason: string): ReportWarning {
  return { code: 'WARN_BREAKDOWN', message: `where all of RSS is could not be found: ${reason}` }
}

export function twinFirstTurn(name: string): ReportWarning {
  return {
    code: 'WARN_TWIN_FIRST_TURN',
    message: `the release of ${JSON.stringify(name)} goes on in later turns, which a twin has not: its row is what its first turn dropped`,
    cache: name,
  }
}

export function twinRetried(reason: string, name: string | null): ReportWarning {
  return {
    code: 'WARN_TWIN_RETRIED',
    message: `a twin ended ${name === null ? 'before its first release' : `in the window of ${JSON.stringify(name)}`}: ${reason}`,
    ...(name === null ? {} : { cache: name }),
  }
}

/** Rows are measured again where the heap is not walked. */
export function walkRetried(reason: string): ReportWarning {
  return { code: 'WARN_TWIN_RETRIED', message: `a twin ended while its heap was walked: ${reason}` }
}

export function finalizersWait(reason: string): ReportWarning {
  return {
    code: 'WARN_FINALIZERS_WAIT',
    message: `finalizers could not be run in the twin: ${reason}; what they free is in no row, and rows whose memory is seen to wait for them are null`,
  }
}

export const TCACHE_UNKNOWN: ReportWarning = {
  code: 'WARN_TCACHE_UNKNOWN',
  message: 'this jemalloc has no tcache statistics: freed memory in thread caches counts as live, small rows may err',
}

export function reportNotExtended(error: unknown): ReportWarning {
  return { code: 'WARN_REPORT_EXTENSION', message: `a report could not be added to: ${messageOf(error)}` }
}

/** The heap profile of what no cache held could not be had. */
export function residualUnexplained(reason: string): ReportWarning {
  return { code: 'WARN_RESIDUAL_UNEXPLAINED', message: `what no cache held cannot be explained: ${reason}` }
}

/** Null figures look like nothing to say: the reason is given where something could have been read. */
export function mappedUnknown(reason: string): ReportWarning {
  return {
    code: 'WARN_MAPPED_UNKNOWN',
    message: `mapped memory could not be read, so that WebAssembly memories and resizable buffers are in no row: ${reason}`,
  }
}

/** Their rows are not comparable with those of the report before. */
export function releasedUnderPressure(names: readonly string[], at: string): ReportWarning {
  const shown = names.slice(0, PRESSURE_NAMED).map((name) => JSON.stringify(name))
  const more = names.length - shown.length
  const others = more > 0 ? ` and ${String(more)} more` : ''
  return {
    code: 'WARN_RELEASED_UNDER_PRESSURE',
    message: `memory was short at ${at}, and ${shown.join(', ')}${others} ${names.length === 1 ? 'was' : 'were'} released: ${names.length === 1 ? 'its row has' : 'their rows have'} what was filled since`,
    ...(names[0] === undefined ? {} : { cache: names[0] }),
    caches: names,
  }
}
