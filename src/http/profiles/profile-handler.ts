/**
 * Heap profiles over HTTP, in the places and forms that Go's services have them in: `go tool pprof URL` works.
 *
 * Rule: a capture switches the profiler, so it is authorised like what changes something, although Go's convention makes it
 * a GET; a page of another origin cannot set one off. HEAD takes no profile.
 */
import { Readable } from 'node:stream'
import type { DumpCatalogue } from '../../profiling/dumps/dump-catalogue.js'
import { flamegraphPolicy, toFlamegraph } from '../../heap-profile/output/flamegraph.js'
import { toPprof } from '../../heap-profile/output/pprof.js'
import { formatTopTable, topTable } from '../../heap-profile/output/top.js'
import type { OutputOptions } from '../../heap-profile/output/top.js'
import { subtractProfile } from '../../heap-profile/profile/subtract-profile.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import type { HeapProfiler } from '../../profiling/profiler/heap-profiler.js'
import { symbolize } from '../../heap-profile/symbols/symbolize.js'
import { CacheAttributionError, warnOfError } from '../../support/errors.js'
import { callable, optional, resolveOptions, shaped } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import { printable } from '../../support/units.js'
import { admit } from '../server/authorization.js'
import type { Authorize } from '../server/authorization.js'
import { refuseBody } from '../server/body.js'
import { checkSameOrigin } from '../server/same-origin.js'
import { requestPipeline } from '../server/request-pipeline.js'
import type { AdminHandler, Admitted } from '../server/request-pipeline.js'
import { listOf, origin, pathOption } from '../server/option-checks.js'
import { parametersOf } from '../server/parameters.js'
import { findRoute } from '../server/find-route.js'
import type { RoutePattern } from '../server/find-route.js'
import { HttpProblem } from '../server/problem.js'
import { PROFILE_PARAMETERS, profilesOpenApi } from './profiles-openapi.js'
import { bytesResponse, htmlResponse, jsonResponse, textResponse } from '../server/respond.js'

/** Options of `createProfileHandler()`. */
export interface ProfileHandlerOptions {
  /** The prefix of the requests' paths. @default '/debug/pprof/heap' */
  readonly basePath?: string | undefined
  /** Decides which requests are served; only those of an operator are. @default undefined: this machine alone */
  readonly authorize?: Authorize | undefined
  /** Dumps to list and serve, and bases for differences. @default undefined: none */
  readonly dumps?: DumpCatalogue | undefined
  /** Further origins whose pages may send requests. @default [] */
  readonly origins?: readonly string[] | undefined
  /** Called with errors that the client does not see. @default process.emitWarning() */
  readonly onError?: ((error: unknown) => void) | undefined
}

interface Resolved {
  readonly basePath: string
  readonly authorize: Authorize | undefined
  readonly dumps: DumpCatalogue | undefined
  readonly origins: readonly string[]
  readonly onError: (error: unknown) => void
}

/** The dependencies of an action. */
interface Call {
  readonly profiler: HeapProfiler
  readonly settings: Resolved
  readonly request: Request
  readonly url: URL
  readonly id: string
}

interface ProfileRoute {
  readonly path: RoutePattern
  readonly methods: Readonly<Record<string, (call: Call) => Promise<Response>>>
}

/**
 * Makes the handler of `/debug/pprof/heap`: a profile for pprof tools, `/flamegraph`, `/top`, `/dumps`, and
 * `/profiling/activate` and `/deactivate`, described by `/openapi.json`. It mounts as the admin handler does, beside it.
 *
 * `?seconds=30` shows the change in that time (with `?leak=1` what was not allocated in the last tenth of it, with `?temporary=1` what was freed in it), without it what is sampled and live; `?gc=1` collects before; `?debug=1`
 * gives jemalloc's own text; `?base=ID` takes a dump off; `?kind=js` is V8's side, `?kind=all` both.
 *
 * @throws CacheAttributionError `ERR_OPTION_*`
 * @example
 * const profiles = createProfileHandler(new HeapProfiler(), { authorize: bearerToken({ operator: process.env.ADMIN_TOKEN }) })
 * const admin = createAdminHandler(coordinator, { links: [{ title: 'Flame graph', href: '/debug/pprof/heap/flamegraph?seconds=10' }] })
 */
export function createProfileHandler(profiler: HeapProfiler, options?: ProfileHandlerOptions): AdminHandler {
  const settings = resolveOptions<Resolved>('createProfileHandler()', options, {
    basePath: { check: pathOption, fallback: '/debug/pprof/heap' },
    authorize: optional(callable as Check<Authorize>),
    dumps: optional(shaped<DumpCatalogue>('a DumpCatalogue', (value) => 'list' in value && 'profile' in value)),
    origins: { check: listOf(origin), fallback: [] },
    onError: { check: callable as Check<(error: unknown) => void>, fallback: warnOfError },
  })
  return requestPipeline({
    basePath: settings.basePath,
    onError: settings.onError,
    hasTimings: false,
    admit: async (request, connection) => {
      const verdict = await admit(settings.authorize, request, connection)
      if (verdict !== 'read-only') return verdict
      throw new HttpProblem('ERR_HTTP_FORBIDDEN', 'profiles are for operators: taking one switches the profiler')
    },
    answer: (admitted) => dispatch(profiler, settings, admitted),
    close: () => Promise.resolve(),
  })
}

/** Every address of the handler. What profiles-openapi.ts describes is the same, and a test holds the two together. */
export const PROFILE_ROUTES: readonly ProfileRoute[] = [
  { path: '/', methods: { GET: sendProfile } },
  {
    path: '/flamegraph',
    methods: { GET: async (call) => htmlResponse(toFlamegraph(await named(call), viewOf(call)), flamegraphPolicy()) },
  },
  { path: '/top', methods: { GET: async (call) => textResponse(tableOf(await named(call), viewOf(call))) } },
  { path: '/dumps', methods: { GET: listDumps } },
  { path: '/dumps/{id}', methods: { GET: sendDump, DELETE: removeDump } },
  { path: '/profiling/activate', methods: { POST: (call) => switchProfiling(call, true) } },
  { path: '/profiling/deactivate', methods: { POST: (call) => switchProfiling(call, false) } },
  {
    path: '/openapi.json',
    methods: { GET: ({ settings }) => Promise.resolve(jsonResponse(profilesOpenApi(settings.basePath))) },
  },
]

/** The table, and below it what a reader should know of it. */
function tableOf(profile: HeapProfile, view: OutputOptions): string {
  const comments = profile.comments.map((comment) => `${printable(comment, 1_000)}\n`)
  return [formatTopTable(topTable(profile, view)), ...comments].join(comments.length > 0 ? '\n' : '')
}

/** No address here takes a body; it is read to know that there is none. */
const BODY_BOUNDS = { bodyBytes: 65_536, bodyTimeoutMs: 10_000 }

async function dispatch(
  profiler: HeapProfiler,
  settings: Resolved,
  { request, url, below }: Admitted,
): Promise<Response> {
  const { route, names } = findRoute(PROFILE_ROUTES, below)
  const action = Object.hasOwn(route.methods, request.method) ? route.methods[request.method] : undefined
  if (action === undefined) {
    const allow = Object.keys(route.methods).join(', ')
    throw new HttpProblem('ERR_HTTP_METHOD', `this address takes ${allow}`, { headers: { allow } })
  }
  checkSameOrigin(request, settings.origins)
  if (request.method !== 'GET') {
    parametersOf(url, {}, {})
    await refuseBody(request, BODY_BOUNDS)
  }
  return action({ profiler, settings, request, url, id: names['id'] ?? '' })
}

async function sendProfile(call: Call): Promise<Response> {
  const { debug = 0, seconds, base, kind, leak, temporary } = parametersOf(call.url, {}, PROFILE_PARAMETERS)
  if (debug === 0) {
    const profile = await toPprof(await named(call), viewOf(call))
    return bytesResponse(new Uint8Array(profile), 'application/octet-stream', {
      'content-disposition': 'attachment; filename="heap"',
    })
  }
  if ([seconds, base, kind, leak, temporary].some((given) => given !== undefined)) {
    throw new HttpProblem('ERR_HTTP_PARAMETER', '"debug" gives the text of jemalloc, which is of what lives now alone')
  }
  const { bytes, body } = call.profiler.dumpText({ gc: isCollecting(call) })
  return new Response(body, {
    headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(bytes) },
  })
}

/** The profile that a request asks for, with names. */
async function named(call: Call): Promise<HeapProfile> {
  const { profiler, request, settings, url } = call
  const { seconds, base, kind = 'native', leak = 0, temporary = 0 } = parametersOf(url, {}, PROFILE_PARAMETERS)
  if (kind !== 'native' && kind !== 'js' && kind !== 'all')
    throw new HttpProblem('ERR_HTTP_PARAMETER', '"kind" must be native, js or all')
  if (kind !== 'native' && base !== undefined) {
    throw new HttpProblem('ERR_HTTP_PARAMETER', '"base" is a dump of jemalloc, and what "kind=js" shows is not in it')
  }
  if ((leak as number) > 0 && (base !== undefined || seconds === undefined)) {
    throw new HttpProblem('ERR_HTTP_PARAMETER', '"leak" is of what is allocated in "seconds", and takes no "base"')
  }
  if ((temporary as number) > 0 && (base !== undefined || seconds === undefined || (leak as number) > 0)) {
    throw new HttpProblem(
      'ERR_HTTP_PARAMETER',
      '"temporary" is of what is freed in "seconds", and takes no "base" or "leak"',
    )
  }
  const gc = isCollecting(call)
  // A base that is not there is told before half a minute is spent on a capture.
  const before = base === undefined ? null : await catalogueOf(settings).profile(base as string)
  let profile: HeapProfile
  if (seconds !== undefined || kind !== 'native') {
    const asked = {
      kind,
      gc,
      signal: request.signal,
      seconds: seconds as number | undefined,
      leak: (leak as number) > 0,
      temporary: (temporary as number) > 0,
    } as const
    // A base is taken off what lives, not off what came.
    profile = await profiler.capture(before === null ? asked : { ...asked, view: 'live' })
  } else {
    if (profiler.state.enabled === true && profiler.state.active !== true) {
      throw new CacheAttributionError(
        'ERR_PROFILING_OFF',
        'profiling is off: ?seconds=30 samples for a while, POST profiling/activate leaves it on',
      )
    }
    profile = await profiler.dump({ gc })
  }
  if (before !== null) profile = subtractProfile(profile, before)
  return symbolize(profile)
}

/** The kind of value that is shown. */
function viewOf({ url }: Call): OutputOptions {
  const { temporary = 0 } = parametersOf(url, {}, PROFILE_PARAMETERS)
  return (temporary as number) > 0 ? { type: 'temporary_space' } : {}
}

function isCollecting({ url }: Call): boolean {
  const { gc = 0 } = parametersOf(url, {}, PROFILE_PARAMETERS)
  return (gc as number) > 0
}

async function listDumps({ settings }: Call): Promise<Response> {
  const dumps = await catalogueOf(settings).list()
  // Where they lie is nobody's business.
  return jsonResponse({ dumps: dumps.map(({ path: _path, ...dump }) => dump) })
}

async function sendDump({ id, settings }: Call): Promise<Response> {
  const { dump, stream } = await catalogueOf(settings).open(id)
  return new Response(Readable.toWeb(stream) as ReadableStream, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(dump.id)}`,
    },
  })
}

async function removeDump({ id, settings }: Call): Promise<Response> {
  await catalogueOf(settings).remove(id)
  return new Response(null, { status: 204 })
}

function switchProfiling({ profiler }: Call, isOn: boolean): Promise<Response> {
  if (isOn) profiler.activate()
  else profiler.deactivate()
  return Promise.resolve(jsonResponse(profiler.state))
}

function catalogueOf({ dumps }: Resolved): DumpCatalogue {
  if (dumps === undefined) throw new HttpProblem('ERR_HTTP_NOT_FOUND', 'this handler has no catalogue of dumps')
  return dumps
}
