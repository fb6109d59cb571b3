/**
 * The settings of `auto` from the environment: the variables CACHE_ATTRIBUTION_*.
 *
 * Rule: pure, and never throws. A value that is not understood is reported, and counts as not given.
 */
import path from 'node:path'
import { fits } from '../support/admin-socket.js'
import { describe } from '../support/errors.js'
import { nearestName } from '../support/options.js'
import { LIBRARIES } from './libraries.js'

/** Where an admin endpoint is besides the socket that is found by the process's id. */
export type ExtraAddress =
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  | { readonly kind: 'path'; readonly path: string }

/** See docs/guide/auto.md. */
export interface AutoSettings {
  /** Whether there is an endpoint at all. */
  readonly endpoint: boolean
  readonly extra: ExtraAddress | null
  /** Who may ask over an address that is not of this machine alone. */
  readonly token: string | null
  readonly history: string | null
  /** The folder of the black box. */
  readonly blackBox: string | null
  readonly logMs: number | null
  readonly attributeMs: number | null
  readonly allowRelease: boolean
  /** Names of the libraries whose caches register themselves. */
  readonly libraries: ReadonlySet<string>
  readonly quiet: boolean
}

/** Settings, and what of the environment was not understood. */
export interface ReadSettings {
  readonly settings: AutoSettings
  readonly problems: readonly string[]
}

const PREFIX = 'CACHE_ATTRIBUTION_'

/** In a process that is served, and in all that it starts: which one that was. */
export const SERVED_BY = `${PREFIX}AUTO_PID`

const OURS = [
  ...(['AUTO', 'ADMIN', 'TOKEN', 'HISTORY', 'BLACK_BOX', 'LOG', 'ATTRIBUTE', 'ALLOW_RELEASE', 'INSTRUMENT'] as const),
  'QUIET',
] as const
/** Of the command, and of this module's own. */
const OTHERS = ['JEMALLOC', 'ADDON', 'AUTO_PID']

const ON = ['1', 'on', 'true', 'yes']
const OFF = ['0', 'off', 'false', 'no', 'none']

const UNITS: Readonly<Record<string, number>> = { ms: 1, '': 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const EVERY_MIN_MS = 1000
const EVERY_MAX_MS = 366 * 86_400_000
const TOKEN = /^[\w\-.~+/]{16,1024}=*$/

type Name = (typeof OURS)[number]

/** Whether the environment switches everything off. */
export function isSwitchedOff(env: NodeJS.ProcessEnv): boolean {
  return OFF.includes((env[`${PREFIX}AUTO`] ?? '').trim().toLowerCase())
}

/** Reads the variables. */
export function readSettings(env: NodeJS.ProcessEnv): ReadSettings {
  const problems: string[] = []
  const read = <T>(name: Name, fallback: T, parse: (text: string) => T | undefined, expected: string): T => {
    const text = env[PREFIX + name]?.trim() ?? ''
    if (text === '') return fallback
    const value = parse(text)
    if (value !== undefined) return value
    problems.push(`${PREFIX}${name} must be ${expected}, got ${describe(text)}: it is passed over`)
    return fallback
  }
  const flag = (name: Name): boolean => read(name, false, parseFlag, 'on or off')
  const every = (name: Name): number | null => read<number | null>(name, null, parseEvery, DURATION)
  read('AUTO', true, parseFlag, 'on or off')
  const admin = read<Admin>('ADMIN', { endpoint: true, extra: null }, parseAdmin, ADDRESS)
  const token = read<string | null>('TOKEN', null, parseToken, 'at least 16 characters of A–Z, a–z, 0–9, -._~+/=')
  const settings: AutoSettings = {
    ...withToken(admin, token, problems),
    token,
    history: read<string | null>('HISTORY', null, parseFolder, 'the path of a folder'),
    blackBox: read<string | null>('BLACK_BOX', null, parseFolder, 'the path of a folder'),
    logMs: every('LOG'),
    attributeMs: every('ATTRIBUTE'),
    allowRelease: flag('ALLOW_RELEASE'),
    libraries: read('INSTRUMENT', ALL, parseLibraries, `on, off, or of ${Object.keys(LIBRARIES).join(', ')}`),
    quiet: flag('QUIET'),
  }
  return { settings, problems: [...problems, ...unknownNames(env)] }
}

const DURATION = 'off, or an interval such as 90s, 15m or 6h, of a second at least'
const ADDRESS = 'off, socket, a port, HOST:PORT, or the absolute path of a socket'
const ALL: ReadonlySet<string> = new Set(Object.keys(LIBRARIES))

type Admin = Pick<AutoSettings, 'endpoint' | 'extra'>

function parseFlag(text: string): boolean | undefined {
  if (ON.includes(text.toLowerCase())) return true
  return OFF.includes(text.toLowerCase()) ? false : undefined
}

function parseEvery(text: string): number | null | undefined {
  if (text !== '0' && OFF.includes(text.toLowerCase())) return null
  const { amount = '', unit = '' } = /^(?<amount>\d{1,9}(?:\.\d{1,3})?) ?(?<unit>ms|[smhd]?)$/.exec(text)?.groups ?? {}
  const ms = amount === '' ? NaN : Number(amount) * (UNITS[unit] ?? NaN)
  return ms >= EVERY_MIN_MS && ms <= EVERY_MAX_MS ? ms : undefined
}

function parseAdmin(text: string): Admin | undefined {
  if (text !== '0' && OFF.includes(text.toLowerCase())) return { endpoint: false, extra: null }
  if (text.toLowerCase() === 'socket') return { endpoint: true, extra: null }
  if (text.toLowerCase() === 'port') return { endpoint: true, extra: { kind: 'port', host: '127.0.0.1', port: 0 } }
  if (path.isAbsolute(text) && !text.includes('\0')) {
    return fits(text) ? { endpoint: true, extra: { kind: 'path', path: text } } : undefined
  }
  const groups = /^(?:(?<host>[\w.-]{1,253}|\[[\da-fA-F:.]{2,45}\]):)?(?<port>\d{1,5})$/.exec(text)?.groups
  const port = Number(groups?.['port'] ?? NaN)
  if (!(port <= 65_535)) return undefined
  const host = (groups?.['host'] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1')
  return { endpoint: true, extra: { kind: 'port', host, port } }
}

/** An address that others reach needs a token. */
function withToken(admin: Admin, token: string | null, problems: string[]): Admin {
  const { extra } = admin
  if (extra?.kind !== 'port' || isLoopback(extra.host) || token !== null) return admin
  problems.push(
    `${PREFIX}ADMIN=${extra.host}:${String(extra.port)} is reached from other machines, and needs ${PREFIX}TOKEN: it is not opened`,
  )
  return { ...admin, extra: null }
}

/** Whether only this machine reaches it. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

function parseToken(text: string): string | undefined {
  return TOKEN.test(text) ? text : undefined
}

function parseFolder(text: string): string | undefined {
  return text.includes('\0') ? undefined : path.resolve(text)
}

function parseLibraries(text: string): ReadonlySet<string> | undefined {
  const flag = parseFlag(text)
  if (flag !== undefined) return flag ? ALL : new Set()
  const names = text.split(',').map((name) => name.trim())
  return names.every((name) => ALL.has(name)) ? new Set(names) : undefined
}

function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const known: readonly string[] = [...OURS, ...OTHERS].map((name) => PREFIX + name)
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .slice(0, 10)
    .map((name) => {
      const nearest = nearestName(name, known)
      return `there is no variable ${describe(name)}${nearest === undefined ? '' : `: did you mean ${nearest}?`}`
    })
}
