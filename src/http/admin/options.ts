/** The options of the admin handler: what each means, its bounds, its default. */
import os from 'node:os'
import type { ReadableRegistry } from '../../metrics/exposition.js'
import { ATTRIBUTION_MODES } from '../../report/types.js'
import type { AttributionMode } from '../../report/types.js'
import { CacheAttributionError, describe, warnOfError } from '../../support/errors.js'
import { callable, number, oneOf, optional, resolveOptions, shaped, text } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import type { Authorize } from '../server/authorization.js'
import type { AdminHandler } from '../server/request-pipeline.js'
import { guarded } from '../server/on-error.js'
import type { OnError } from '../server/on-error.js'
import { listOf, origin, pathOption } from '../server/option-checks.js'
import type { HistorySource } from './past-reports.js'
import type { LastLifeSource } from './last-life.js'
import type { AdminLink } from './types.js'

/** Options of `createAdminHandler()`. */
export interface AdminHandlerOptions {
  /**
   * The prefix of the requests' paths, as the client sends them: prefixes of routers included.
   * @default '/debug/memory'
   */
  readonly basePath?: string | undefined
  /**
   * Decides which requests are served, see {@link Authorize}; `bearerToken()` makes one.
   * @default undefined: only requests whose socket and whose Host are loopback, as operator
   */
  readonly authorize?: Authorize | undefined
  /**
   * The modes of runs that requests may start.
   * @default all of 'twin', 'release' and 'trim'
   */
  readonly modes?: readonly AttributionMode[] | undefined
  /**
   * Milliseconds between the end of one run that releases or trims in the live process and the start of the next one
   * over HTTP. Such runs count, however they were started. 0 to 86,400,000.
   * @default 30_000
   */
  readonly coolDownMs?: number | undefined
  /** Reports that are kept in memory, the last ones; together at most 32 MiB of JSON. 0 to 1000. @default 50 */
  readonly reports?: number | undefined
  /** Longest body of a request, in bytes. 0 to 16 MiB. @default 65_536 */
  readonly bodyBytes?: number | undefined
  /** Milliseconds within which the body of a request must arrive. @default 10_000 */
  readonly bodyTimeoutMs?: number | undefined
  /**
   * Further origins whose pages may send requests, such as `https://ops.example.com` behind a proxy that replaces the Host.
   * @default []
   */
  readonly origins?: readonly string[] | undefined
  /**
   * The registry that `GET /metrics` serves to every authorised client: one of prom-client, such as
   * `collectMetrics(coordinator)`.
   * @default undefined: there is no such address
   */
  readonly metrics?: ReadableRegistry | undefined
  /** Links for the page. @default [] */
  readonly links?: readonly AdminLink[] | undefined
  /**
   * A `ReportHistory`. Its trends are shown, and the reports of the last seven days stay in the list over restarts.
   * @default undefined: none
   */
  readonly history?: HistorySource | undefined
  /**
   * The handler of `createProfileHandler()` that is mounted beside this one: the page links to its flame graph and its
   * table.
   * @default undefined: none
   */
  readonly profiles?: Pick<AdminHandler, 'basePath'> | undefined
  /**
   * The black box of this process, `BlackBox.open()`: if the process before this one ended without notice, the page says how.
   * @default undefined: none
   */
  readonly blackBox?: LastLifeSource | undefined
  /**
   * Folder for the heap snapshot while it is downloaded: an unlinked file of mode 0600. If the folder is in memory
   * (tmpfs), so is the snapshot.
   * @default os.tmpdir()
   */
  readonly temporaryFolder?: string | undefined
  /** Called with errors that the client does not see. @default process.emitWarning() */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** The same, complete. */
export interface ResolvedAdminOptions {
  /** Without the slash at its end; empty for the root. */
  readonly basePath: string
  readonly authorize: Authorize | undefined
  readonly modes: readonly AttributionMode[]
  readonly coolDownMs: number
  readonly reports: number
  readonly bodyBytes: number
  readonly bodyTimeoutMs: number
  readonly origins: readonly string[]
  readonly metrics: ReadableRegistry | undefined
  readonly links: readonly AdminLink[]
  readonly history: HistorySource | undefined
  readonly profiles: Pick<AdminHandler, 'basePath'> | undefined
  readonly blackBox: LastLifeSource | undefined
  readonly temporaryFolder: string
  readonly onError: OnError
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Checks the options of the handler. */
export function resolveAdminOptions(options: AdminHandlerOptions | undefined): ResolvedAdminOptions {
  const resolved = resolveOptions<ResolvedAdminOptions>('createAdminHandler()', options, {
    basePath: { check: pathOption, fallback: '/debug/memory' },
    authorize: optional(callable as Check<Authorize>),
    modes: { check: listOf(oneOf(...ATTRIBUTION_MODES)), fallback: ATTRIBUTION_MODES },
    coolDownMs: { check: number({ min: 0, max: DAY_MS }), fallback: 30_000 },
    reports: { check: number({ min: 0, max: 1000, integer: true }), fallback: 50 },
    bodyBytes: { check: number({ min: 0, max: 16 * 1024 * 1024, integer: true }), fallback: 65_536 },
    bodyTimeoutMs: { check: number({ min: 1, max: DAY_MS }), fallback: 10_000 },
    origins: { check: listOf(origin), fallback: [] },
    metrics: optional(shaped<ReadableRegistry>('a Registry of prom-client', isRegistry)),
    links: { check: listOf(link), fallback: [] },
    history: optional(
      shaped<HistorySource>('a ReportHistory', (value) => {
        const { trends, read } = value as Partial<HistorySource>
        return typeof trends === 'function' && typeof read === 'function'
      }),
    ),
    profiles: optional(
      shaped<Pick<AdminHandler, 'basePath'>>(
        'what createProfileHandler() makes',
        (value) => typeof (value as Partial<AdminHandler>).basePath === 'string',
      ),
    ),
    blackBox: optional(shaped<LastLifeSource>('a BlackBox', (value) => 'lastLife' in value)),
    temporaryFolder: { check: text(4096), fallback: os.tmpdir() },
    onError: { check: callable as Check<OnError>, fallback: warnOfError },
  })
  return { ...resolved, onError: guarded(resolved.onError) }
}

function isRegistry(value: object): boolean {
  return typeof (value as Partial<ReadableRegistry>).getMetricsAsJSON === 'function'
}

const link: Check<AdminLink> = (value) => {
  const { title, href } = resolveOptions<{ readonly title: string | undefined; readonly href: string | undefined }>(
    'links',
    value,
    { title: optional(text(100)), href: optional(text(2000)) },
  )
  if (title === undefined || href === undefined) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', '"links" must have a title and a href each')
  }
  const base = 'http://relative.invalid/'
  if (!URL.canParse(href, base) || !/^https?:$/.test(new URL(href, base).protocol)) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `"href" must be a relative, http or https URL, got ${describe(href)}`,
    )
  }
  return { title, href }
}
