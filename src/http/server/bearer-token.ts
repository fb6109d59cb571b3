/**
 * Ready-made authorization by tokens.
 *
 * Rule: how long a comparison takes shows nothing: hashes under a key of this process are compared, all of them, always.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { CacheAttributionError } from '../../support/errors.js'
import { boolean, optional, resolveOptions } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import type { Authorize, Role } from './authorization.js'
import { HttpProblem, problemResponse } from './problem.js'

/** Options of {@link bearerToken}. */
export interface BearerTokenOptions {
  /** Tokens of 16 to 1024 characters (letters, digits, `-._~+/=`) whose bearers may do everything. */
  readonly operator?: string | readonly string[] | undefined
  /** Tokens whose bearers may read, and release nothing. */
  readonly readOnly?: string | readonly string[] | undefined
  /**
   * Whether the token may also come as the password of HTTP Basic, with any user name: a browser that opens the page
   * then asks for it.
   * @default true
   */
  readonly basic?: boolean | undefined
}

const NEEDED = 'a token is needed: Authorization: Bearer TOKEN'
/** A browser shows it to a user who cancels its question. */
const BY_HAND = 'in a browser, which asks for it: any user name, and the token as the password'
const TOKEN = /^[\w\-.~+/]+=*$/
const LENGTH_MIN = 16
const LENGTH_MAX = 1024

/**
 * Makes an `authorize` that admits requests with a token (`Authorization: Bearer …`). Give several tokens to replace one while the
 * other is in use.
 *
 * @throws CacheAttributionError `ERR_OPTION_RANGE` for no token at all, a short one (an empty variable of the environment, say),
 *   one of other characters, or one in both roles; `ERR_OPTION_TYPE`, `ERR_OPTION_UNKNOWN`
 * @example
 * createAdminHandler(coordinator, { authorize: bearerToken({ operator: process.env.ADMIN_TOKEN }) })
 */
export function bearerToken(options: BearerTokenOptions): Authorize {
  const { operator, readOnly, basic } = resolveOptions('bearerToken()', options, {
    operator: optional(tokens),
    readOnly: optional(tokens),
    basic: { check: boolean, fallback: true },
  })
  const all = [...(operator ?? []), ...(readOnly ?? [])]
  if (all.length === 0) throw new CacheAttributionError('ERR_OPTION_RANGE', 'bearerToken() needs at least one token')
  if (new Set(all).size < all.length) {
    throw new CacheAttributionError('ERR_OPTION_RANGE', 'a token was given to bearerToken() twice: it has one role')
  }
  const key = randomBytes(32)
  const hash = (token: string): Buffer => createHmac('sha256', key).update(token).digest()
  const known = [
    ...(operator ?? []).map((token) => ({ role: 'operator' as const, hash: hash(token) })),
    ...(readOnly ?? []).map((token) => ({ role: 'read-only' as const, hash: hash(token) })),
  ]
  return (request) => {
    const given = hash(credentialsOf(request.headers.get('authorization') ?? '', basic) ?? '')
    let role: Role | undefined
    for (const candidate of known) if (timingSafeEqual(candidate.hash, given)) role = candidate.role
    return role ?? challenge(basic)
  }
}

const tokens: Check<readonly string[]> = (value, name) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.map((token) => {
    if (typeof token !== 'string') {
      throw new CacheAttributionError('ERR_OPTION_TYPE', `"${name}" must be a token or an array of tokens`)
    }
    if (token.length < LENGTH_MIN || token.length > LENGTH_MAX || !TOKEN.test(token)) {
      // A given token is a secret, also when it is a bad one.
      throw new CacheAttributionError(
        'ERR_OPTION_RANGE',
        `"${name}" must be of ${String(LENGTH_MIN)} to ${String(LENGTH_MAX)} letters, digits or -._~+/=, got ${String(token.length)} characters`,
      )
    }
    return token
  })
}

/** The token of an Authorization header. */
function credentialsOf(header: string, basic: boolean): string | undefined {
  const [, scheme = '', credentials = ''] = /^([A-Za-z]+) +(\S+)$/.exec(header) ?? []
  if (scheme.toLowerCase() === 'bearer') return credentials
  if (!basic || scheme.toLowerCase() !== 'basic') return undefined
  const decoded = Buffer.from(credentials, 'base64').toString()
  const colon = decoded.indexOf(':')
  return colon === -1 ? undefined : decoded.slice(colon + 1)
}

/** Basic first: some browsers understand the first challenge of a header only. */
function challenge(basic: boolean): Response {
  const challenges = [...(basic ? ['Basic realm="memory", charset="UTF-8"'] : []), 'Bearer realm="memory"']
  return problemResponse(
    new HttpProblem('ERR_HTTP_UNAUTHENTICATED', basic ? `${NEEDED}, or ${BY_HAND}` : NEEDED, {
      headers: { 'www-authenticate': challenges.join(', ') },
    }),
  )
}
