/** Errors that stand in the problem documents of the HTTP endpoint. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_HTTP = {
  ERR_HTTP_UNAUTHENTICATED: {
    gist: 'the request carries no token that is known',
    status: 401,
    cause:
      'status 401: `bearerToken()` guards the endpoint, and the request has no token, one that is not known, or two of them.',
    cure: 'send `Authorization: Bearer TOKEN`; a browser asks for a password, which is the token.',
    example: '`ERR_HTTP_UNAUTHENTICATED: a token is needed: Authorization: Bearer TOKEN`',
  },
  ERR_HTTP_FORBIDDEN: {
    gist: 'the client may not do this',
    status: 403,
    cause:
      "status 403: `authorize` refused the request. Or there is no `authorize`, and the socket or the Host of the request is not loopback, or it has a header that no client sends by itself, so a proxy may have passed it on. Or a read-only token was used for a request that changes something. Or the mode is not among the handler's `modes`.",
    cure: 'pass an `authorize`, such as `bearerToken()`, to serve others than this machine.',
    example: '`ERR_HTTP_FORBIDDEN: without authorize only this machine is served, by its loopback address`',
  },
  ERR_HTTP_CROSS_ORIGIN: {
    gist: 'a request that changes something came from another origin, or as a form would send it',
    status: 403,
    cause:
      'status 403: a page of another origin made a browser send a POST or DELETE, or embeds, fetches or prefetches something from here. Following a link is allowed.',
    cure: "none is needed against such pages. Where a proxy replaces the Host, name the page's own origin in `origins`.",
    example: '`ERR_HTTP_CROSS_ORIGIN: requests that change something are taken from their own origin only`',
  },
  ERR_HTTP_NOT_FOUND: {
    gist: 'there is nothing at this address',
    status: 404,
    cause:
      'status 404: no such address below the base path; no report of this id is kept, or none was made yet; no run is in progress that could be aborted.',
    cure: '`GET /openapi.json` lists the addresses, `GET /reports` the reports.',
    example: '`ERR_HTTP_NOT_FOUND: there was no run yet`',
  },
  ERR_HTTP_METHOD: {
    gist: 'this address does not know this method',
    status: 405,
    cause: 'status 405: the address exists, and does not take this method. `Allow` lists its methods.',
    cure: 'GET reads, POST runs and releases, DELETE aborts.',
    example: '`ERR_HTTP_METHOD: this address takes GET, HEAD, OPTIONS`',
  },
  ERR_HTTP_NOT_ACCEPTABLE: {
    gist: 'none of the forms that the request accepts is made here',
    status: 406,
    cause: 'status 406: the `Accept` of the request rules out every form in which the address answers.',
    cure: 'accept one of those that the message lists.',
    example: '`ERR_HTTP_NOT_ACCEPTABLE: this address answers with application/json`',
  },
  ERR_HTTP_MEDIA_TYPE: {
    gist: 'the body of the request is not JSON',
    status: 415,
    cause: 'status 415: a body that is not `application/json`, is compressed, or comes from a form.',
    cure: 'send JSON with its type, or parameters as a query and no body.',
    example: '`ERR_HTTP_MEDIA_TYPE: forms are not taken: send application/json, or no body`',
  },
  ERR_HTTP_BODY: {
    gist: 'the body of the request cannot be read',
    status: 400,
    cause:
      'status 400: the body is not a JSON object, was announced (by its type or its length) and is empty, broke off, or something before the handler has read it without leaving it as `request.body`; or the address takes no body. Status 408: the body did not arrive in time.',
    cure: 'send one JSON object, or neither a body nor a `content-type`; mount the handler before body parsers that do not set `request.body`.',
    example: '`ERR_HTTP_BODY: the body is no JSON`',
  },
  ERR_HTTP_BODY_SIZE: {
    gist: 'the body of the request is too large',
    status: 413,
    cause: "status 413: the body is longer than the handler's `bodyBytes`.",
    cure: 'name fewer caches, or raise `bodyBytes`.',
    example: '`ERR_HTTP_BODY_SIZE: a body may have 65536 bytes`',
  },
  ERR_HTTP_PATH: {
    gist: 'the path is written in a way that could be read as another one',
    status: 400,
    cause:
      'status 400: the path has dot segments, empty parts, backslashes, or characters that must be percent-encoded; or the Host is not valid.',
    cure: "encode names with `encodeURIComponent()`; a cache of any name is at `cache?name=`, and `GET /caches` gives each one's `href`.",
    example: '`ERR_HTTP_PATH: a part of the path is empty`',
  },
  ERR_HTTP_PARAMETER: {
    gist: 'a parameter that is given twice, or is not what its name wants',
    status: 400,
    cause: 'status 400: a parameter is given twice or has the wrong form, or the query is not percent-encoded UTF-8.',
    cure: 'give each once, in the query or in the body; `only` and `except` may be repeated in a query, one name each.',
    example: '`ERR_HTTP_PARAMETER: "fraction" must be a number, got "a tenth" (string)`',
  },
  ERR_HTTP_MODE_NEEDED: {
    gist: 'no twin can be made here, and the request does not say what to do instead',
    status: 422,
    cause:
      'status 422: a run is made in a twin unless the request names a mode. No twin can be made here, and the request names none.',
    cure: 'choose one of the `choices` in the answer: `?mode=trim` drops a part of each cache, `?mode=release` empties them.',
    example: '`ERR_HTTP_MODE_NEEDED: twins are made on Linux only, this is darwin; say which mode to use instead`',
  },
  ERR_HTTP_COOL_DOWN: {
    gist: 'the last releasing run is too short a while ago',
    status: 429,
    cause: 'status 429: a run that releases or trims in the live process ended less than `coolDownMs` ago.',
    cure: 'wait as long as `Retry-After` says, or run in a twin, which takes nothing from the caches.',
    example: '`ERR_HTTP_COOL_DOWN: the next releasing run may start in 12 s`',
  },
  ERR_HTTP_INTERNAL: {
    gist: 'the request failed for a reason that clients do not see',
    cause:
      'status 500: an error that is not of this library was thrown, for example by `authorize`. Clients do not see its message.',
    cure: "the handler's `onError` is called with it; without one it is a warning of the process.",
    example: '`ERR_HTTP_INTERNAL: the request failed; the process that was asked knows why`',
  },
} satisfies Record<string, CodeEntry>
