/**
 * The frame around the routes of every handler here: who asks, what is closed, what becomes of an error, and the headers
 * of the answer.
 *
 * Rule: nothing is looked at before it is known who asks; every answer, the bad ones too, carries the same headers and
 * says nothing of the inside.
 */
import { CacheAttributionError } from '../../support/errors.js'
import type { AdminConnection, Role } from './authorization.js'
import { guarded } from './on-error.js'
import type { OnError } from './on-error.js'
import { pathBelow } from './find-route.js'
import { isInternal, problemOf, problemResponse } from './problem.js'
import { Timings, finish } from './respond.js'

/** The handler of `createAdminHandler()`: a fetch-style function, and what belongs to it. */
export interface AdminHandler extends AsyncDisposable {
  /**
   * Answers a request below the base path; resolves with undefined for any other. Never rejects.
   *
   * @param connection what the mounting code knows of the socket; `toNodeListener()` passes it
   */
  (request: Request, connection?: AdminConnection): Promise<Response | undefined>
  /** The prefix of its requests' paths, without a slash at the end. */
  readonly basePath: string
  /**
   * Ends what was started over HTTP and takes its listeners off the coordinator, which stays open. Later requests are
   * answered with 503.
   */
  close(): Promise<void>
}

/** A request that was let through. */
export interface Admitted {
  readonly request: Request
  readonly url: URL
  /** The path below the base path: empty where the slash at the end is missing. */
  readonly below: string
  readonly role: Role
  readonly timings: Timings
}

/** The part of a handler that is its own. */
export interface PipelineParts {
  readonly basePath: string
  readonly onError: OnError
  /** Whether answers say in `Server-Timing` how long each phase took. */
  readonly hasTimings: boolean
  /** The role, or the Response that refuses; what it throws is a refusal too. */
  admit(request: Request, connection: AdminConnection): Promise<Role | Response>
  answer(admitted: Admitted): Promise<Response>
  /** Called once. */
  close(): Promise<void>
}

/** The handler that a frame makes. */
export function requestPipeline(frame: PipelineParts): AdminHandler {
  const { basePath, hasTimings } = frame
  const onError = guarded(frame.onError)
  let isClosed = false
  const answer = async (request: Request, connection: AdminConnection = {}): Promise<Response | undefined> => {
    const url = new URL(request.url)
    const below = pathBelow(basePath, url.pathname)
    if (below === undefined) return undefined
    const timings = new Timings()
    let isAdmitted = false
    let response: Response
    try {
      const verdict = await timings.time('authorize', () => frame.admit(request, connection))
      if (typeof verdict !== 'string') response = verdict
      else {
        isAdmitted = true
        if (isClosed) throw new CacheAttributionError('ERR_CLOSED', 'this handler was closed')
        response = await frame.answer({ request, url, below, role: verdict, timings })
      }
    } catch (error) {
      if (isInternal(error)) onError(error)
      response = problemResponse(problemOf(error))
    }
    // How long it took to refuse somebody is nobody's business.
    return finish(response, request.method, hasTimings && isAdmitted ? timings : null)
  }
  const handle: typeof answer = async (request, connection) => {
    try {
      return await answer(request, connection)
    } catch (error) {
      // An answer of authorize that is none, or a request that is none.
      onError(error)
      return finish(problemResponse(problemOf(error)), 'GET', null)
    }
  }
  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    await frame.close()
  }
  return Object.assign(handle, { basePath, close, [Symbol.asyncDispose]: close })
}
