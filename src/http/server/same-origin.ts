/**
 * Whether a request may come from where it comes from.
 *
 * Rule: a browser that is made to send it by a page of another origin is refused, whatever it carries; such a page may link
 * here, and nothing else. What a form can send is refused even without an Origin: old browsers leave it out. Who sends
 * none of the headers is no browser of today, and nobody's page has made it ask.
 */
import { HttpProblem } from './problem.js'

const OF_FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']

/** For what changes something. @throws HttpProblem `ERR_HTTP_CROSS_ORIGIN`, `ERR_HTTP_MEDIA_TYPE` */
export function checkSameOrigin({ headers }: Request, allowedOrigins: readonly string[]): void {
  const from = sourceOf(headers, allowedOrigins)
  if (from === 'another origin') {
    throw new HttpProblem(
      'ERR_HTTP_CROSS_ORIGIN',
      'requests that change something are taken from their own origin only',
    )
  }
  if (from === 'another site') {
    throw new HttpProblem('ERR_HTTP_CROSS_ORIGIN', 'requests that change something are taken from their own site only')
  }
  if (OF_FORMS.includes(mediaTypeOf(headers.get('content-type')))) {
    throw new HttpProblem('ERR_HTTP_MEDIA_TYPE', 'forms are not taken: send application/json, or no body')
  }
}

/**
 * For what only reads: reading takes time of this process, and an image on any page could set it off again and again. A link
 * is followed.
 *
 * @throws HttpProblem `ERR_HTTP_CROSS_ORIGIN`
 */
export function checkReader({ headers }: Request, allowedOrigins: readonly string[]): void {
  const from = sourceOf(headers, allowedOrigins)
  if (from === 'here' || (from === 'another site' && isLinkFollowed(headers))) return
  throw new HttpProblem('ERR_HTTP_CROSS_ORIGIN', 'pages of other origins may link here, and load nothing from here')
}

function sourceOf(headers: Headers, allowedOrigins: readonly string[]): 'here' | 'another origin' | 'another site' {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  if (origin !== null && allowedOrigins.includes(origin)) return 'here'
  if (origin !== null && !isSameHost(origin, headers.get('host'))) return 'another origin'
  return site === null || site === 'same-origin' || site === 'none' ? 'here' : 'another site'
}

/** Into a tab of its own: no frame, no plug-in, and nothing that the browser fetches before anybody asks. */
function isLinkFollowed(headers: Headers): boolean {
  return (
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document' &&
    !['sec-purpose', 'purpose', 'x-moz', 'x-purpose'].some((name) => headers.has(name))
  )
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
