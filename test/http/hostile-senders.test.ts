/** Who sends a request, without `authorize`: clients on this machine are served, and what something passed on is not. */
import { expect } from 'chai'
import { createAdminHandler } from '../../src/http/index.js'
import type { AdminHandlerOptions } from '../../src/http/index.js'
import { World } from '../coordinator/world.js'
import { messageOf, openSite, sendRaw } from './site.js'
import type { Site } from './site.js'

/** The headers that proxies, balancers, tunnels and CDNs add, some of it made up: the next one makes up its own. */
const OF_PROXIES =
  `A-Cdn-Of-Tomorrow Akamai-Origin-Hop Ali-Cdn-Real-Ip App-Engine-User-Ip Aws-Trace CDN-Loop CF-Connecting-IP
  CF-Connecting-IPv6 CF-IPCountry CF-Ray CF-Visitor Client-Cert Client-IP CloudFront-Viewer-Address Cluster-Client-IP
  Coming-From DO-Connecting-IP Early-Data Fastly-Client-IP Fastly-FF Fastly-SSL Fly-Client-IP Forwarded Forwarded-For Forwarded-For-IP
  Front-End-Https HTTP-Client-IP Incap-Client-IP Ngrok-Auth-User-Email Oxygen-Buyer-IP Proxy-Authorization Proxy-Client-IP
  Proxy-Connection Remote-Addr Remote-User SSL-Client-Cert Tailscale-User-Login True-Client-IP Via WL-Proxy-Client-IP
  X-Amz-Cf-Id X-Amzn-Trace-Id X-AppEngine-User-IP X-Arr-Log-Id X-Arr-SSL X-Azure-ClientIP X-Azure-FDID X-Azure-SocketIP
  X-BlueCoat-Via X-CDN X-Client X-Client-IP X-Cloud-Trace-Context X-Cluster-Client-IP X-Coming-From X-Envoy-Attempt-Count
  X-Envoy-External-Address X-Envoy-Expected-Rq-Timeout-Ms X-Envoy-Original-Path X-Fastly-Client-Ip X-Forwarded X-Forwarded-By
  X-Forwarded-Client-Cert X-Forwarded-For X-Forwarded-For-Original X-Forwarded-Host X-Forwarded-Path X-Forwarded-Port
  X-Forwarded-Prefix X-Forwarded-Proto X-Forwarded-Protocol X-Forwarded-Scheme X-Forwarded-Server X-Forwarded-SSL X-Forwarded-URI
  X-From X-Gateway-Host X-Google-Real-IP X-Heroku-Dynos-In-Use X-Host X-HTTP-Destinationurl X-HTTP-Host-Override X-IP X-Is-Trusted
  X-Kubernetes-Pf-Flowschema-Uid X-NF-Client-Connection-IP X-Nginx-Proxy X-Original-Forwarded-For X-Original-Host
  X-Original-Method X-Original-Remote-Addr X-Original-URI X-Original-URL X-Originating-IP X-Proto X-ProxyUser-Ip X-Real-IP X-Real-Port
  X-Remote-Addr X-Remote-IP X-Replaced-Path X-Request-Start X-Rewrite-URL X-Scheme X-Server-Addr X-Server-Name X-Sigsci-Tags
  X-TrafficServer X-Trusted-IP X-Tunnel-Id X-URL-Scheme X-Varnish X-Vercel-Forwarded-For X-Vercel-IP-Country X-WAP-Profile
  X-Wns-Client Z-Forwarded-For`.split(/\s+/)

const BROWSER = [
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: de-DE,de;q=0.9',
  'Cache-Control: max-age=0',
  'Connection: keep-alive',
  'Cookie: session=1',
  'DNT: 1',
  'If-None-Match: "1"',
  'Priority: u=0, i',
  'Referer: http://localhost/',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36',
]
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  curl: ['User-Agent: curl/8.14.1', 'Accept: */*'],
  wget: ['User-Agent: Wget/1.25.0', 'Accept: */*', 'Accept-Encoding: identity'],
  HTTPie: ['User-Agent: HTTPie/3.2', 'Accept: */*', 'Accept-Encoding: gzip, deflate'],
  Chromium: [
    ...BROWSER,
    'sec-ch-ua: "Chromium";v="142"',
    'sec-ch-ua-mobile: ?0',
    'sec-ch-ua-platform: "Linux"',
    'Sec-Fetch-Site: none',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-User: ?1',
    'Sec-Fetch-Dest: document',
    'Sec-GPC: 1',
    'Save-Data: on',
  ],
  Firefox: [...BROWSER, 'TE: trailers', 'Alt-Used: localhost', 'Sec-Fetch-Site: same-origin', 'Pragma: no-cache'],
  'fetch of Node': [
    'accept: */*',
    'accept-language: *',
    'sec-fetch-mode: cors',
    'user-agent: node',
    'accept-encoding: gzip',
  ],
  axios: [
    'Accept: application/json, text/plain, */*',
    'User-Agent: axios/1.13.2',
    'Accept-Encoding: gzip, compress, deflate, br',
    'X-Requested-With: XMLHttpRequest',
    'X-XSRF-TOKEN: 1',
  ],
  Prometheus: [
    'Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'Accept-Encoding: gzip',
    'User-Agent: Prometheus/3.7.3',
    'X-Prometheus-Scrape-Timeout-Seconds: 10',
  ],
  'an agent of Grafana': [
    'User-Agent: Alloy/v1.11.0',
    'X-Prometheus-Scrape-Timeout-Seconds: 10',
    'X-Scope-OrgID: 1',
    'X-Grafana-Org-Id: 1',
    'X-Datasource-Uid: a',
  ],
  'a client that is traced': [
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'tracestate: a=b',
    'baggage: a=b',
    'b3: 0',
    'X-B3-TraceId: 1',
    'x-datadog-trace-id: 1',
    'sentry-trace: 1',
  ],
  Postman: ['User-Agent: PostmanRuntime/7.49', 'Postman-Token: 1', 'Cache-Control: no-cache', 'Accept: */*'],
}

describe('a request on this machine, without authorize', () => {
  let site: Site
  before(async () => (site = await openSite()))
  after(() => (site as Site | undefined)?.close())
  const target = '/debug/memory/status'

  for (const name of OF_PROXIES) {
    it(`is refused where something passed it on: ${name}`, async () => {
      for (const value of ['127.0.0.1', 'localhost', '']) {
        const { status, body } = await sendRaw(site.port, messageOf({ target, headers: [`${name}: ${value}`] }))
        expect(status).to.equal(403)
        const problem = JSON.parse(body) as { code: string; detail: string }
        expect(problem.code).to.equal('ERR_HTTP_FORBIDDEN')
        expect(problem.detail).to.contain(name.toLowerCase())
      }
    })
  }

  for (const [name, headers] of Object.entries(CLIENTS)) {
    it(`is served for ${name}`, async () => {
      expect((await sendRaw(site.port, messageOf({ target, headers }))).status).to.equal(200)
    })
  }
})

describe('code of the service that fails while a request is answered', () => {
  const REQUEST = { headers: { host: 'localhost' } }
  const LOCAL = { remoteAddress: '127.0.0.1' }
  const bad = (value: unknown): never => value as never
  const OPTIONS: Readonly<Record<string, AdminHandlerOptions>> = {
    'authorize throws': {
      authorize: () => {
        throw new Error('secret')
      },
    },
    'authorize rejects': { authorize: () => Promise.reject(new Error('secret')) },
    'authorize throws nothing at all': {
      authorize: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw undefined
      },
    },
    'authorize answers what cannot be sent': { authorize: () => Response.error() },
    'authorize answers what was read before': {
      authorize: async () => {
        const response = new Response('secret')
        await response.text()
        return response
      },
    },
    'the history fails': { history: bad({ trends: () => Promise.reject(new Error('secret')), read: () => bad(null) }) },
    'the registry fails': { metrics: bad({ getMetricsAsJSON: () => bad(null) }) },
  }
  const ON_ERROR: Readonly<Record<string, (error: unknown) => unknown>> = {
    throws: () => {
      throw new Error('secret')
    },
    rejects: () => Promise.reject(new Error('secret')),
    'gives a thenable that throws': () => ({
      then: () => {
        throw new Error('secret')
      },
    }),
  }

  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown): void => void unhandled.push(error)
  before(() => process.on('unhandledRejection', onUnhandled))
  after(() => process.off('unhandledRejection', onUnhandled))

  for (const [name, options] of Object.entries(OPTIONS)) {
    for (const [what, onError] of Object.entries(ON_ERROR)) {
      it(`is answered, and no promise of the handler rejects: ${name}, and onError ${what}`, async () => {
        const coordinator = new World().coordinator()
        const handler = createAdminHandler(coordinator, { ...options, onError: bad(onError) })
        for (const path of ['/status', '/trends', '/reports', '/metrics', '/nowhere']) {
          const answer = await handler(new Request(`http://localhost/debug/memory${path}`, REQUEST), LOCAL)
          expect(answer?.status, path).to.be.within(200, 599)
          expect(await answer?.text()).not.to.contain('secret')
        }
        await new Promise((resolve) => setImmediate(resolve))
        expect(unhandled).to.deep.equal([])
        await handler.close()
        await coordinator.close()
      })
    }
  }

  it('is no reason to reject what is no Request', async () => {
    const coordinator = new World().coordinator()
    const errors: unknown[] = []
    await using handler = createAdminHandler(coordinator, { onError: (error) => errors.push(error) })
    for (const request of [null, undefined, {}, { url: 'nowhere' }, { url: 'http://h/debug/memory/status' }]) {
      expect((await handler(bad(request), LOCAL))?.status).to.equal(500)
    }
    expect(errors).to.have.length(5)
  })
})
