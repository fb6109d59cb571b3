/**
 * Who may ask. The mounting code says it with `authorize`; where it says nothing, only this machine may.
 *
 * Rule: whatever is not clearly a permission is a refusal. Headers of proxies never open anything: they can be written by
 * any sender of the request.
 */
import { describe } from '../../support/errors.js'
import { foreignHeader } from './client-headers.js'
import { HttpProblem } from './problem.js'

/** The rights of a request: `'read-only'` GET alone, `'operator'` everything. */
export type Role = 'read-only' | 'operator'

/**
 * The answer of {@link Authorize}. `true` is `'operator'`; `false` is answered with 403; a Response is sent as it is.
 */
type Verdict = boolean | Role | Response

/** Facts about the connection that no header can forge. */
export interface AdminConnection {
  /**
   * Address of the peer of the socket, as `socket.remoteAddress` has it. `toNodeListener()` passes it; with a framework
   * that hands out a Request alone, the mounting code must.
   */
  readonly remoteAddress?: string | undefined
}

/**
 * Says who may ask. Called for every request below the base path, before anything else is looked at. What it throws, and
 * whatever else it returns, is a refusal.
 *
 * @example
 * const authorize: Authorize = (request) => sessions.isAdmin(request.headers.get('cookie')) ? 'operator' : false
 */
export type Authorize = (request: Request, connection: AdminConnection) => Verdict | Promise<Verdict>

/** The role, or the Response that refuses. @throws HttpProblem `ERR_HTTP_FORBIDDEN` */
export async function admit(
  authorize: Authorize | undefined,
  request: Request,
  connection: AdminConnection,
): Promise<Role | Response> {
  const verdict: unknown =
    authorize === undefined ? thisMachine(request, connection) : await authorize(request, connection)
  if (verdict === true || verdict === 'operator') return 'operator'
  if (verdict === 'read-only') return 'read-only'
  if (isResponse(verdict)) return verdict
  throw new HttpProblem('ERR_HTTP_FORBIDDEN', 'this request is not authorised')
}

/** Of any realm: frameworks put classes of their own in the place of the global one. */
function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers } = value as { status?: unknown; headers?: unknown }
  return typeof status === 'number' && typeof headers === 'object' && headers !== null && 'get' in headers
}

const LOOPBACK_ADDRESS = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i
/** Names that no foreign DNS server decides about; a rebound name is another one. */
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i
/** Without `authorize`: the socket AND the Host are loopback, and nothing says that a proxy passed the request on. */
function thisMachine(request: Request, { remoteAddress }: AdminConnection): boolean {
  const { headers } = request
  if (remoteAddress === undefined) {
    throw new HttpProblem(
      'ERR_HTTP_FORBIDDEN',
      'the address of the socket is not known: pass authorize, or { remoteAddress } as the second argument of the handler',
    )
  }
  if (!LOOPBACK_ADDRESS.test(remoteAddress) || !LOOPBACK_HOST.test(headers.get('host') ?? '')) {
    throw new HttpProblem(
      'ERR_HTTP_FORBIDDEN',
      'without authorize only this machine is served, by its loopback address',
    )
  }
  const foreign = foreignHeader(headers)
  if (foreign !== undefined) {
    throw new HttpProblem(
      'ERR_HTTP_FORBIDDEN',
      `without authorize nothing is served through a proxy, and ${describe(foreign)} is no header that clients send by themselves`,
    )
  }
  return true
}
