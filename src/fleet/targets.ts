/**
 * Where the replicas of a service are: by URL, by name in DNS, by targets in Prometheus' format, as a Prometheus server sees them, or as
 * processes of this machine.
 *
 * Rule: a source that cannot be read is an error, never an empty fleet; a replica that two sources name counts once.
 */
import { Resolver, lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { adminUrl } from '../support/admin-client.js'
import type { AdminAddress } from '../support/admin-client.js'
import { boundedBody } from '../support/bounded-body.js'
import { CacheAttributionError, describe, messageOf } from '../support/errors.js'
import { isObject } from '../support/is-object.js'
import { oneOf, number, optional, resolveOptions, text } from '../support/options.js'
import { formatBytes, printable } from '../support/units.js'
import { withinTime } from '../support/within-time.js'
import { localProcess, processTree } from './local-processes.js'
import type { LocalProcess } from './local-processes.js'
import type { FleetTarget } from './types.js'

/** How the endpoint of a replica is reached that is known by host and port alone. */
interface Reached {
  /** Of its admin endpoint. @default '/debug/memory/' */
  readonly path?: string | undefined
  /** @default 'http' */
  readonly scheme?: 'http' | 'https' | undefined
}

/**
 * Many replicas by one name: every address that it has in DNS (a headless service of Kubernetes), or with `type: 'SRV'` every host
 * and port.
 */
interface DnsTargets extends Reached {
  readonly dns: string
  /** @default 'A and AAAA' */
  readonly type?: 'A' | 'AAAA' | 'A and AAAA' | 'SRV' | undefined
  /** Needed but for `SRV`. */
  readonly port?: number | undefined
  /** Asked in place of the system's, `host:port`. */
  readonly server?: string | undefined
}

/** A file or an `http(s)` URL of targets in the format of Prometheus' file and HTTP service discovery (JSON). */
interface DiscoveredTargets extends Reached {
  readonly discovery: string
}

/** The targets of a Prometheus server: host and port of each active one, with its labels. */
interface PrometheusTargets extends Reached {
  /** Of the server, `http://prometheus:9090`. */
  readonly prometheus: string
  /** Of the targets that are taken. @default all */
  readonly job?: string | undefined
}

/** A process of this machine that was started with `cache-attribution/auto`. */
interface ProcessTarget {
  readonly pid: number
}

/** A process of this machine and those that it started: the primary of `node:cluster`, or pm2. Each was started with `cache-attribution/auto`. */
interface ClusterTargets {
  /** The id of the process that started the others; in a primary `process.pid`. */
  readonly cluster: number
}

/** One replica, or a source of replicas. */
export type FleetSource =
  string | URL | FleetTarget | DnsTargets | DiscoveredTargets | PrometheusTargets | ProcessTarget | ClusterTargets

/** A replica that can be asked. */
export interface ResolvedTarget {
  /** Null of a process that has no endpoint. */
  readonly address: AdminAddress | null
  /** The address as text. */
  readonly url: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const PATH = '/debug/memory/'
const SOURCE_TIMEOUT_MS = 10_000
const SOURCE_BYTES_MAX = 64 * 1024 * 1024
const TEXT_MAX = 2048

const reachedRules = { path: optional(text(TEXT_MAX)), scheme: optional(oneOf('http', 'https')) }

/** Every replica of all sources once, in their order. @throws CacheAttributionError `ERR_FLEET_TARGETS`, `ERR_OPTION_*` */
export async function resolveTargets(
  sources: FleetSource | readonly FleetSource[],
  signal?: AbortSignal,
): Promise<ResolvedTarget[]> {
  const found = new Map<string, ResolvedTarget>()
  const list = Array.isArray(sources) ? (sources as readonly FleetSource[]) : [sources as FleetSource]
  for (const source of list) {
    for (const target of await targetsOf(source, signal)) {
      if (!found.has(target.url)) found.set(target.url, target)
    }
  }
  if (found.size === 0) throw noTargets('there is no replica to ask')
  return [...found.values()]
}

function targetsOf(source: FleetSource, signal: AbortSignal | undefined): Promise<ResolvedTarget[]> | ResolvedTarget[] {
  if (typeof source === 'string' || source instanceof URL) return [targetAt(String(source))]
  if (!isObject(source)) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', `a target must be a URL or an object, got ${describe(source)}`)
  }
  if ('dns' in source) return ofDns(source)
  if ('discovery' in source) return ofDiscovery(source, signal)
  if ('prometheus' in source) return ofPrometheus(source, signal)
  if ('pid' in source) return ofProcess(source)
  if ('cluster' in source) return ofCluster(source)
  const { url, name, labels } = resolveOptions('a target', source, {
    url: { check: text(TEXT_MAX), fallback: '' },
    name: optional(text(TEXT_MAX)),
    labels: optional(labelsOf),
  })
  return [targetAt(url, labels, name)]
}

function targetAt(address: string, labels: Readonly<Record<string, string>> = {}, name?: string): ResolvedTarget {
  const url = adminUrl(address)
  if (url === null) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `a target must be an http or https URL, got "${printable(address, 60)}"`,
    )
  }
  return { address: { url }, url: url.href, name: name ?? url.host, labels }
}

const processId = { check: number({ min: 1, max: 2 ** 31 - 1, integer: true }), fallback: 0 }

async function ofProcess(source: ProcessTarget): Promise<ResolvedTarget[]> {
  const { pid } = resolveOptions('a process', source, { pid: processId })
  return [ofLocal(await localProcess(pid))]
}

async function ofCluster(source: ClusterTargets): Promise<ResolvedTarget[]> {
  const { cluster } = resolveOptions('the processes of a cluster', source, { cluster: processId })
  const tree = await processTree(cluster)
  if (tree === null) throw noTargets(`there is no process ${String(cluster)} in /proc`)
  return tree.map(ofLocal)
}

function ofLocal({ pid, address }: LocalProcess): ResolvedTarget {
  const url = address !== null && 'socketPath' in address ? `unix:${address.socketPath}` : `process:${String(pid)}`
  return { address, url, name: `process ${String(pid)}`, labels: {} }
}

async function ofDns(source: DnsTargets): Promise<ResolvedTarget[]> {
  const { dns, type, port, server, ...reached } = resolveOptions('a target by DNS', source, {
    dns: { check: text(TEXT_MAX), fallback: '' },
    type: { check: oneOf('A', 'AAAA', 'A and AAAA', 'SRV'), fallback: 'A and AAAA' as const },
    port: optional(number({ min: 1, max: 65_535, integer: true })),
    server: optional(text(TEXT_MAX)),
    ...reachedRules,
  })
  const resolver = new Resolver({ timeout: SOURCE_TIMEOUT_MS / 4, tries: 2 })
  try {
    if (server !== undefined) resolver.setServers([server])
    if (type === 'SRV') {
      const records = await resolver.resolveSrv(dns)
      return records.map((record) => targetAt(urlOf(record.name, record.port, reached)))
    }
    if (port === undefined) throw new CacheAttributionError('ERR_OPTION_RANGE', `the targets of ${dns} need a port`)
    const addresses = await addressesOf(resolver, dns, type, server !== undefined)
    return addresses.map((address) => targetAt(urlOf(address, port, reached)))
  } catch (error) {
    if (error instanceof CacheAttributionError) throw error
    throw noTargets(`${printable(dns, 100)} has no address (${type}): ${messageOf(error)}`, error)
  }
}

async function addressesOf(
  resolver: Resolver,
  name: string,
  type: 'A' | 'AAAA' | 'A and AAAA',
  hasServer: boolean,
): Promise<string[]> {
  const [v4, v6] = await Promise.allSettled([
    type === 'AAAA' ? [] : resolver.resolve4(name),
    type === 'A' ? [] : resolver.resolve6(name),
  ])
  const found = [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (found.length > 0) return found
  const failed = [v4, v6].find((answer) => answer.status === 'rejected')
  const reason = failed?.reason instanceof Error ? failed.reason : new Error('there is none')
  if (hasServer) throw reason
  // A name of /etc/hosts is no matter of DNS, and one of this machine for who looks it up.
  const local = await lookup(name, { all: true }).catch(() => {
    throw reason
  })
  const family = type === 'A' ? 4 : type === 'AAAA' ? 6 : 0
  const addresses = local.filter((one) => family === 0 || one.family === family).map(({ address }) => address)
  if (addresses.length === 0) throw reason
  return addresses
}

async function ofDiscovery(source: DiscoveredTargets, signal: AbortSignal | undefined): Promise<ResolvedTarget[]> {
  const { discovery, ...reached } = resolveOptions('discovered targets', source, {
    discovery: { check: text(TEXT_MAX), fallback: '' },
    ...reachedRules,
  })
  const groups = /^https?:\/\//i.test(discovery) ? await jsonAt(discovery, signal) : await jsonIn(discovery)
  if (!Array.isArray(groups)) throw noTargets(`${printable(discovery, 200)} is no list of targets`)
  return groups.flatMap((group: unknown) => {
    const { targets, labels } = isObject(group) ? (group as Record<string, unknown>) : {}
    if (!Array.isArray(targets) || !targets.every((target) => typeof target === 'string')) {
      throw noTargets(`${printable(discovery, 200)} has a group without targets`)
    }
    const own = ownLabels(labels)
    return targets.map((target) => targetAt(urlOfAuthority(target, reached, discovery), own))
  })
}

async function ofPrometheus(source: PrometheusTargets, signal: AbortSignal | undefined): Promise<ResolvedTarget[]> {
  const { prometheus, job, ...reached } = resolveOptions('the targets of Prometheus', source, {
    prometheus: { check: text(TEXT_MAX), fallback: '' },
    job: optional(text(TEXT_MAX)),
    ...reachedRules,
  })
  if (!URL.canParse(prometheus)) throw noTargets(`"${printable(prometheus, 60)}" is no URL of a Prometheus server`)
  const base = prometheus.endsWith('/') ? prometheus : `${prometheus}/`
  const answer = await jsonAt(new URL('api/v1/targets?state=active', base).href, signal)
  const { data } = isObject(answer) ? (answer as { data?: unknown }) : {}
  const { activeTargets } = isObject(data) ? (data as { activeTargets?: unknown }) : {}
  if (!Array.isArray(activeTargets)) throw noTargets(`${printable(prometheus, 200)} gave no targets: is it Prometheus?`)
  return activeTargets.flatMap((target: unknown): ResolvedTarget[] => {
    const { scrapeUrl, labels } = isObject(target) ? (target as Record<string, unknown>) : {}
    const own = ownLabels(labels)
    if (typeof scrapeUrl !== 'string' || !URL.canParse(scrapeUrl) || (job !== undefined && own['job'] !== job))
      return []
    const { host, protocol } = new URL(scrapeUrl)
    const scheme = reached.scheme ?? (protocol === 'https:' ? 'https' : 'http')
    return [targetAt(urlOfAuthority(host, { ...reached, scheme }, prometheus), own)]
  })
}

/** Those that Prometheus itself would keep. */
function ownLabels(labels: unknown): Record<string, string> {
  const entries = Object.entries(isObject(labels) ? labels : {}).filter(
    ([name, value]) => !name.startsWith('__') && typeof value === 'string',
  )
  return Object.fromEntries(entries)
}

function labelsOf(value: unknown, name: string): Readonly<Record<string, string>> {
  if (!isObject(value) || Array.isArray(value) || !Object.values(value).every((label) => typeof label === 'string')) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', `"${name}" must be an object of strings, got ${describe(value)}`)
  }
  return { ...value }
}

function urlOf(host: string, port: number, reached: Reached): string {
  return `${reached.scheme ?? 'http'}://${isIPv6(host) ? `[${host}]` : host}:${String(port)}${pathOf(reached)}`
}

function urlOfAuthority(authority: string, reached: Reached, source: string): string {
  const url = `${reached.scheme ?? 'http'}://${authority}${pathOf(reached)}`
  if (URL.canParse(url) && new URL(url).pathname === pathOf(reached)) return url
  throw noTargets(`${printable(source, 200)} names "${printable(authority, 60)}", which is no host and port`)
}

function pathOf({ path = PATH }: Reached): string {
  const begun = path.startsWith('/') ? path : `/${path}`
  return begun.endsWith('/') ? begun : `${begun}/`
}

async function jsonIn(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw noTargets(`${printable(file, 200)} cannot be read: ${messageOf(error)}`, error)
  }
}

async function jsonAt(url: string, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return await withinTime(SOURCE_TIMEOUT_MS, signal, (limited) => fetchJson(url, limited))
  } catch (error) {
    if (signal?.aborted === true)
      throw new CacheAttributionError('ERR_RUN_ABORTED', 'aborted before a replica was asked')
    const { cause } = error as { cause?: unknown }
    throw noTargets(`${printable(url, 200)} gave no targets: ${messageOf(cause ?? error)}`, error)
  }
}

async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const answer = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'error', signal })
  if (!answer.ok) throw new Error(`it answered ${String(answer.status)} ${answer.statusText}`)
  const tooLong = (): Error => new Error(`it gave more than ${formatBytes(SOURCE_BYTES_MAX)}`)
  const body = (answer.body ?? []) as AsyncIterable<Uint8Array>
  return JSON.parse((await boundedBody(body, SOURCE_BYTES_MAX, tooLong)).toString())
}

function noTargets(reason: string, cause?: unknown): CacheAttributionError {
  return new CacheAttributionError('ERR_FLEET_TARGETS', reason, { cause })
}
