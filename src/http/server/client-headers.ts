/**
 * Whether a request came from a client on this machine by itself, or something passed it on: told by the headers that clients
 * send.
 *
 * Rule: what clients send is known and changes slowly; what proxies, balancers and CDNs add is made up by each of them. So a
 * header that no client is known to send says that somebody passed the request on.
 */

/** Of RFC 9110 and its like, of fetch, and of what browsers and their tools send. */
const OF_CLIENTS = new Set(
  `accept accept-charset accept-datetime accept-encoding accept-language access-control-request-headers
  access-control-request-local-network access-control-request-method access-control-request-private-network alt-used
  authorization cache-control connection content-disposition content-encoding content-language content-length content-location
  content-md5 content-range content-type cookie date device-memory digest dnt downlink dpr ect expect from host http2-settings
  idempotency-key if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive last-event-id origin
  origin-agent-cluster ping-from ping-to postman-token pragma prefer priority purpose range referer rtt save-data
  service-worker service-worker-navigation-preload te trailer transfer-encoding ua-cpu upgrade upgrade-insecure-requests
  user-agent viewport-width want-content-digest want-digest width x-csrf-token _method x-http-method x-http-method-override x-method-override
  x-moz x-purpose x-requested-with x-xsrf-token`.split(/\s+/),
)
/** Headers that clients of tracing and of monitoring add to each request, by how they begin. */
const OF_CLIENTS_PREFIXES = [
  // Of browsers alone: no page and no proxy may set them.
  'sec-',
  'x-prometheus-',
  'x-grafana-',
  'x-datasource-',
  'x-dashboard-',
  'x-panel-',
  'x-scope-orgid',
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-b3-',
  'x-ot-span-',
  'uber-trace-id',
  'uberctx-',
  'x-datadog-',
  'sentry-trace',
  'newrelic',
  'x-newrelic-',
  'elastic-apm-traceparent',
]

/** The first header that no client is known to send, in lower case; undefined where all are of clients. */
export function foreignHeader(headers: Headers): string | undefined {
  for (const name of headers.keys()) {
    if (!OF_CLIENTS.has(name) && !OF_CLIENTS_PREFIXES.some((prefix) => name.startsWith(prefix))) return name
  }
  return undefined
}
