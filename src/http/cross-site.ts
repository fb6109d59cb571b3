/**
 * Whether a request that changes something may come from where it comes from.
 *
 * Rule: a browser that is made to send it by a page of another origin is refused, whatever it carries. What a form can send
 * is refused even without an Origin: old browsers leave it out.
 */
import { HttpProblem } from './problem.js'

const OF_FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']

/** @throws HttpProblem `ERR_HTTP_CROSS_ORIGIN`, `ERR_HTTP_MEDIA_TYPE` */
export function checkSameOrigin({ headers }: Request, allowedOrigins: readonly string[]): void {
  const origin = headers.get('origin')
  const isAllowed = origin !== null && allowedOrigins.includes(origin)
  if (origin !== null && !isAllowed && !isSameHost(origin, headers.get('host'))) {
    throw new HttpProblem(
      'ERR_HTTP_CROSS_ORIGIN',
      'requests that change something are taken from their own origin only',
    )
  }
  const site = headers.get('sec-fetch-site')
  if (site !== null && !isAllowed && site !== 'same-origin' && site !== 'none') {
    throw new HttpProblem('ERR_HTTP_CROSS_ORIGIN', 'requests that change something are taken from their own site only')
  }
  if (OF_FORMS.includes(mediaTypeOf(headers.get('content-type')))) {
    throw new HttpProblem('ERR_HTTP_MEDIA_TYPE', 'forms are not taken: send application/json, or no body')
  }
}

/** The type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | null): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Scheme and port by the same rules for both: where TLS ends before this process, the scheme of the Host is not known. */
function isSameHost(origin: string, host: string | null): boolean {
  if (host === null || !URL.canParse(origin)) return false
  const { protocol, host: ofOrigin, origin: normalised } = new URL(origin)
  if (normalised !== origin.toLowerCase() || (protocol !== 'http:' && protocol !== 'https:')) return false
  if (!/^[\w.\-[\]:]+$/.test(host) || !URL.canParse(`${protocol}//${host}`)) return false
  return new URL(`${protocol}//${host}`).host === ofOrigin
}
