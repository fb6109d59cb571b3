/**
 * One replica, asked: whether it has room for a twin, then for its report.
 *
 * Rule: what a replica answers is checked before it is used; it is slow or wrong at its own cost alone.
 */
import { faultOfReport } from '../history/record-faults.js'
import { upgradeReport } from '../history/upgrade.js'
import type { AttributionMode, AttributionReport } from '../report/types.js'
import { AdminClient } from '../support/admin-client.js'
import { CacheAttributionError, codeOf, reasonOf } from '../support/errors.js'
import { isObject } from '../support/is-object.js'
import { formatBytes, formatShare } from '../support/units.js'
import { withinTime } from '../support/within-time.js'
import type { ResolvedTarget } from './targets.js'
import type { FleetReplica } from './types.js'

/** How a replica is asked. */
export interface Asking {
  readonly mode: AttributionMode
  readonly discover: number
  readonly token: string | undefined
  readonly timeoutMs: number
  readonly answerTimeoutMs: number
  readonly memoryShare: number
  readonly signal: AbortSignal
  /** The name of the replica that was this process; null where it is the first of it. Called once, before its run. */
  readonly claim: (process: string) => string | null
}

/** The outcome. */
export interface AskedReplica {
  readonly replica: FleetReplica
  readonly report: AttributionReport | null
}

const ANSWER_BYTES_MAX = 32 * 1024 * 1024
const CACHES_MAX = 10_000
/** No process of today holds a pebibyte. */
const BYTES_MAX = 2 ** 50

interface Status {
  readonly pid: number | null
  readonly host: string | null
  readonly memoryLimitBytes: number | null
}

const NO_SOCKET = 'it serves no socket: it was not started with cache-attribution/auto, or is another user’s'
const NOTHING = { pid: null, host: null, rssBytes: null, memoryLimitBytes: null, longestPauseMs: null } as const

/** Never rejects. */
export async function askReplica(target: ResolvedTarget, asking: Asking): Promise<AskedReplica> {
  const startMs = performance.now()
  const identity = { name: target.name, url: target.url, labels: target.labels }
  let known: Omit<FleetReplica, 'name' | 'url' | 'labels' | 'status' | 'durationMs'> = NOTHING
  const ended = (status: FleetReplica['status'], report: AttributionReport | null, error?: unknown): AskedReplica => ({
    replica: {
      ...identity,
      status,
      ...(error === undefined ? {} : { error: errorOf(error) }),
      ...known,
      durationMs: performance.now() - startMs,
    },
    report,
  })
  if (target.address === null)
    return ended('unreachable', null, new CacheAttributionError('ERR_FLEET_NO_ENDPOINT', NO_SOCKET))
  const client = new AdminClient(target.address, asking.token)
  try {
    const status = statusOf(await shortly(client, asking, 'status'), target)
    known = { ...known, ...status }
    const rssBytes = rssOf(await shortly(client, asking, 'observation'))
    known = { ...known, rssBytes }
    const short = memoryShort(rssBytes, status.memoryLimitBytes, asking.memoryShare)
    if (short !== null) return ended('skipped', null, short)
    const same = sameProcess(status, asking)
    if (same !== null) return ended('skipped', null, same)
  } catch (error) {
    return ended(asking.signal.aborted ? 'not-asked' : 'unreachable', null, error)
  }
  try {
    const query = new URLSearchParams({
      mode: asking.mode,
      ...(asking.discover > 0 ? { discover: String(asking.discover) } : {}),
    })
    const path = `attribution?${query.toString()}`
    const answer = await withinTime(asking.timeoutMs, asking.signal, (signal) =>
      client.json({ method: 'POST', path, mostBytes: ANSWER_BYTES_MAX, signal }),
    )
    const report = reportOf(answer, target)
    known = { ...known, rssBytes: report.before.rssBytes, longestPauseMs: report.pauses.longestMs }
    return ended('measured', report)
  } catch (error) {
    const broken = new CacheAttributionError('ERR_RUN_ABORTED', 'aborted while it ran')
    return ended('failed', null, asking.signal.aborted ? broken : error)
  }
}

function shortly(client: AdminClient, { signal, answerTimeoutMs }: Asking, path: string): Promise<unknown> {
  return withinTime(answerTimeoutMs, signal, (limited) =>
    client.json({ method: 'GET', path, mostBytes: ANSWER_BYTES_MAX, signal: limited }),
  )
}

function statusOf(answer: unknown, target: ResolvedTarget): Status {
  const { process } = isObject(answer) ? (answer as { process?: unknown }) : {}
  if (!isObject(process)) throw badAnswer(target, 'gave no status: is it the admin endpoint?')
  const { pid, host, memoryLimitBytes } = process as Record<string, unknown>
  return {
    pid: typeof pid === 'number' ? pid : null,
    host: typeof host === 'string' ? host : null,
    memoryLimitBytes: typeof memoryLimitBytes === 'number' ? memoryLimitBytes : null,
  }
}

function rssOf(answer: unknown): number | null {
  const { sample } = isObject(answer) ? (answer as { sample?: unknown }) : {}
  const { rssBytes } = isObject(sample) ? (sample as { rssBytes?: unknown }) : {}
  return typeof rssBytes === 'number' ? rssBytes : null
}

function memoryShort(rssBytes: number | null, limitBytes: number | null, share: number): CacheAttributionError | null {
  if (rssBytes === null || limitBytes === null || rssBytes <= share * limitBytes) return null
  const most = formatShare(share, 1)
  return new CacheAttributionError(
    'ERR_FLEET_MEMORY',
    `${formatBytes(rssBytes)} of ${formatBytes(limitBytes)} are in use, more than ${most}`,
  )
}

function sameProcess({ pid, host }: Status, { claim }: Asking): CacheAttributionError | null {
  // Who does not say who it is, is nobody else.
  const first = pid === null || host === null ? null : claim(JSON.stringify([host, pid]))
  if (first === null) return null
  return new CacheAttributionError(
    'ERR_FLEET_SAME_PROCESS',
    `it is process ${String(pid)} of ${String(host)}, as ${first}`,
  )
}

function reportOf(answer: unknown, target: ResolvedTarget): AttributionReport {
  const fault = faultOfReport(answer)
  if (fault !== null) throw badAnswer(target, `gave no report: ${fault}`)
  const report = upgradeReport(answer as AttributionReport)
  if (report.caches.length > CACHES_MAX) throw badAnswer(target, `reported more than ${String(CACHES_MAX)} caches`)
  for (const { name, released, estimated } of report.caches) {
    for (const { totalBytes } of [released, ...(estimated === undefined ? [] : [estimated])]) {
      if (Math.abs(totalBytes ?? 0) > BYTES_MAX) throw badAnswer(target, `reported more than a pebibyte of ${name}`)
    }
  }
  return report
}

function badAnswer({ url }: ResolvedTarget, what: string): CacheAttributionError {
  const { origin, pathname } = new URL(url)
  return new CacheAttributionError('ERR_ADMIN_ANSWER', `${origin === 'null' ? url : `${origin}${pathname}`} ${what}`)
}

function errorOf(error: unknown): NonNullable<FleetReplica['error']> {
  return { code: codeOf(error) ?? 'ERR_ADMIN_ANSWER', message: reasonOf(error) }
}
