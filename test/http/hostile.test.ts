/** Requests that mean harm, and those that only come out wrong: each is refused as it should, and none releases anything. */
import { expect } from 'chai'
import { bearerToken } from '../../src/http/index.js'
import { ROUTES } from '../helpers/internals/http-admin-routes.js'
import { OPERATOR, READER, messageOf, openSite, sendRaw } from './site.js'
import type { RawRequest, Site } from './site.js'

const BASE = '/debug/memory'
const RELEASE: RawRequest = { method: 'POST', target: `${BASE}/caches/users/release` }
const RUN: RawRequest = { method: 'POST', target: `${BASE}/attribution?mode=release&only=users` }
const JSON_BODY = 'Content-Type: application/json'

interface Case {
  readonly name: string
  readonly request: RawRequest
  readonly status: number | readonly number[]
  readonly code?: string
}

/** Nothing of the inside is told, and every answer carries the same headers. */
async function judge(site: Site, { request, status, code }: Case): Promise<void> {
  const answer = await sendRaw(site.port, messageOf(request))
  expect([status].flat(), answer.text.slice(0, 500)).to.include(answer.status)
  expect(answer.text).not.to.match(/\n\s+at |node:internal|\.[jt]s:\d+|node_modules/)
  expect(site.releases(), 'releases').to.equal(0)
  expect(site.coordinator.isRunning, 'a run was started').to.equal(false)
  // A request that Node's own parser refuses never reaches a handler.
  if (code === undefined) return
  expect(JSON.parse(answer.body)).to.include({ code, status: answer.status })
  expect(answer.headers).to.include({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  expect(answer.headers['content-security-policy']).to.include("default-src 'none'")
}

function suite(title: string, open: () => Promise<Site>, cases: readonly Case[]): void {
  describe(title, () => {
    let site: Site
    before(async () => (site = await open()))
    after(() => (site as Site | undefined)?.close())
    for (const entry of cases) it(entry.name, () => judge(site, entry))
  })
}

const local = (): Promise<Site> => openSite({ bodyTimeoutMs: 100 })
const guarded = (): Promise<Site> => openSite({ authorize: bearerToken({ operator: OPERATOR, readOnly: READER }) })

suite(
  'wrong methods',
  local,
  ROUTES.flatMap(({ path, methods }) => {
    const target = BASE + path.replace(/\{\w+\}/, 'users')
    return ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'PROPFIND', 'TRACE']
      .filter((method) => !Object.hasOwn(methods, method))
      .map((method) => ({
        name: `${method} ${path} is 405`,
        request: { method, target },
        status: 405,
        code: 'ERR_HTTP_METHOD',
      }))
  }),
)

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const BAD_CREDENTIALS: Readonly<Record<string, readonly string[]>> = {
  'no token': [],
  'an empty header': [''],
  'a scheme alone': ['Bearer'],
  'an empty token': ['Bearer '],
  'a short token': ['Bearer x'],
  'the beginning of the token': [`Bearer ${OPERATOR.slice(0, -1)}`],
  'the token and one more character': [`Bearer ${OPERATOR}0`],
  'the token in capitals': [`Bearer ${OPERATOR.toUpperCase()}`],
  'the token twice': [`Bearer ${OPERATOR}${OPERATOR}`],
  'the token with a space inside': [`Bearer ${OPERATOR.slice(0, 8)} ${OPERATOR.slice(8)}`],
  'the token in quotes': [`Bearer "${OPERATOR}"`],
  'two tokens in one header': [`Bearer ${OPERATOR}, Bearer ${READER}`],
  'two headers': [`Bearer ${OPERATOR}`, `Bearer ${OPERATOR}`],
  'a bad header before a good one': ['Bearer x', `Bearer ${OPERATOR}`],
  'another scheme': [`Digest ${OPERATOR}`],
  'the bare token': [OPERATOR],
  'the token in another header’s form': [`Token ${OPERATOR}`],
  'a token with a NUL in base64': [basic(`me:${OPERATOR}\0`)],
  'the token as the name of the user': [basic(`${OPERATOR}:`)],
  'the token without a user': [basic(OPERATOR)],
  'a wrong password': [basic('me:password')],
  'base64 of nothing': ['Basic ='],
  'a lookalike letter in the password': [basic(`me:${OPERATOR.replace('o', 'о')}`)],
  'percent-encoding': [`Bearer ${OPERATOR.replaceAll('-', '%2D')}`],
  'a long token': [`Bearer ${'x'.repeat(8000)}`],
  'bytes beyond ASCII': [`Bearer ${OPERATOR}\u00e9`],
}
suite(
  'tokens',
  guarded,
  Object.entries(BAD_CREDENTIALS).flatMap(([name, values]) =>
    [{ target: `${BASE}/caches` }, RELEASE, { ...RUN }].map((request) => ({
      name: `${name}: ${request.method ?? 'GET'} ${request.target} is 401`,
      request: { ...request, headers: values.map((value) => `Authorization: ${value}`) },
      status: 401,
      code: 'ERR_HTTP_UNAUTHENTICATED',
    })),
  ),
)

suite(
  'a token in the wrong place',
  guarded,
  [
    { target: `${BASE}/caches?token=${OPERATOR}` },
    { target: `${BASE}/caches?access_token=${OPERATOR}` },
    { target: `${BASE}/caches`, headers: [`Cookie: token=${OPERATOR}`] },
    { target: `${BASE}/caches`, headers: [`X-Authorization: Bearer ${OPERATOR}`] },
    { target: `${BASE}/caches`, headers: [`Proxy-Authorization: Bearer ${OPERATOR}`] },
    { target: `${BASE}/nowhere` },
    { target: `${BASE}/caches/%ff` },
    { method: 'OPTIONS', target: `${BASE}/attribution` },
    { method: 'PUT', target: `${BASE}/attribution` },
  ].map((request: RawRequest) => ({
    name: `${request.method ?? 'GET'} ${request.target} ${request.headers?.join() ?? ''} is 401, and tells nothing of routes`,
    request,
    status: 401,
    code: 'ERR_HTTP_UNAUTHENTICATED',
  })),
)

suite(
  'a read-only token',
  guarded,
  ROUTES.flatMap(({ path, methods }) =>
    Object.keys(methods)
      .filter((method) => method !== 'GET')
      .map((method) => ({
        name: `cannot ${method} ${path}`,
        request: {
          method,
          target: BASE + path.replace(/\{\w+\}/, 'users'),
          headers: [`Authorization: Bearer ${READER}`],
        },
        status: 403,
        code: 'ERR_HTTP_FORBIDDEN',
      })),
  ),
)

const FOREIGN_HOSTS = [
  'evil.example',
  'localhost.evil.example',
  'evil-localhost',
  'localhost.',
  'sub.localhost',
  '127.0.0.1.evil.example',
  '127.0.0.1.nip.io',
  '0.0.0.0',
  '10.0.0.1',
  '169.254.169.254',
  '[::]',
  '[::ffff:10.0.0.1]',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.1',
  'localhost:99999',
  'localhost:80:80',
  'localhost:',
  'LOCALHOST.evil',
  'user@localhost',
  'localhost/evil',
  'localhost#evil',
  'localhost, evil.example',
  '',
]
suite('a foreign Host', local, [
  ...FOREIGN_HOSTS.flatMap((host) =>
    [{ target: `${BASE}/caches` }, RELEASE].map((request) => ({
      name: `${request.method ?? 'GET'} with Host ${JSON.stringify(host)} is refused`,
      request: { ...request, host },
      status: [400, 403],
    })),
  ),
  { name: 'no Host is refused', request: { ...RELEASE, host: null }, status: 400 },
  {
    name: 'two Hosts are refused',
    request: { ...RELEASE, headers: ['Host: evil.example'] },
    status: [400, 403],
  },
  {
    name: 'an absolute target is no way around the Host',
    request: { ...RELEASE, target: `http://evil.example${RELEASE.target}` },
    status: 404,
  },
])

suite(
  'what a proxy passed on',
  local,
  ['Forwarded: for=127.0.0.1', 'Via: 1.1 proxy', 'X-Real-IP: 127.0.0.1']
    .concat([
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Host: localhost',
      'X-Forwarded-Proto: https',
      'x-forwarded-for: ::1',
    ])
    .map((header) => ({
      name: `${header} is no permission`,
      request: { ...RELEASE, headers: [header] },
      status: 403,
      code: 'ERR_HTTP_FORBIDDEN',
    })),
)

const FOREIGN_ORIGINS = [
  'Origin: https://evil.example',
  'Origin: null',
  'Origin: http://localhost:1',
  'Origin: http://localhost.evil.example',
  'Origin: http://127.0.0.1',
  'Origin: https://localhost:8443',
  'Origin: file://',
  'Origin: chrome-extension://abcdefgh',
  'Origin: localhost',
  'Origin: http://localhost/',
  'Origin: http://user@localhost',
  'Origin: http://localhost, http://localhost',
  'Origin: //localhost',
  'Origin: ',
  'Sec-Fetch-Site: cross-site',
  'Sec-Fetch-Site: same-site',
  'Sec-Fetch-Site: anything',
]
suite('cross-site requests', local, [
  ...FOREIGN_ORIGINS.flatMap((header) =>
    [RELEASE, { method: 'DELETE', target: `${BASE}/attribution/current` }].map((request) => ({
      name: `${request.method ?? ''} with ${header} is 403`,
      request: { ...request, headers: [header] },
      status: 403,
      code: 'ERR_HTTP_CROSS_ORIGIN',
    })),
  ),
  {
    name: 'a good Origin beside a foreign Sec-Fetch-Site is 403',
    request: { ...RELEASE, headers: ['Origin: http://localhost', 'Sec-Fetch-Site: cross-site'] },
    status: 403,
    code: 'ERR_HTTP_CROSS_ORIGIN',
  },
  {
    name: 'two Origins are 403',
    request: { ...RELEASE, headers: ['Origin: http://localhost', 'Origin: http://evil.example'] },
    status: 403,
    code: 'ERR_HTTP_CROSS_ORIGIN',
  },
  ...[
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'TEXT/PLAIN;charset=utf-8',
    'text/plain; application/json',
  ].flatMap((type) =>
    ['', '{"controls":0}'].map((body) => ({
      name: `a form’s ${type} with ${body === '' ? 'no' : 'a'} body is 415`,
      request: { ...RELEASE, headers: [`Content-Type: ${type}`], body },
      status: 415,
      code: 'ERR_HTTP_MEDIA_TYPE',
    })),
  ),
])

const BAD_QUERIES = [
  'mode=release&mode=release',
  'mode=release&mode=twin',
  'mode=trim&fraction=0.1&fraction=0.2',
  'mode=',
  'mode=Release',
  'mode=delete',
  'mode[]=release',
  'mode=release%00',
  'mode=release%ff',
  'mode=release&x=%',
  'mode=release&fraction=0.5',
  'mode=trim&fraction=0',
  'mode=trim&fraction=1.1',
  'mode=trim&fraction=-1',
  'mode=trim&fraction=NaN',
  'mode=trim&fraction=Infinity',
  'mode=trim&fraction=0x1',
  'mode=trim&fraction=1e-1',
  'mode=trim&fraction=',
  'mode=trim&fraction=%200.1',
  'mode=trim&fraction=0,1',
  'mode=trim&choice=hottest',
  'mode=release&controls=101',
  'mode=release&controls=-1',
  'mode=release&controls=1.5',
  `mode=release&controls=${'9'.repeat(30)}`,
  'mode=release&controls=1&controls=2',
  'mode=release&pauseMs=0',
  'mode=release&durationMs=-5',
  'mode=release&pauseMs=ten',
  'mode=release&budget=5',
  'mode=release&only=users&only=users',
  'mode=release&only=users&Only=users',
  'mode=release&onyl=users',
  'mode=release&signal=1',
  'mode=release&trigger=call',
  'mode=release&__proto__=1',
  'mode=release&constructor=1',
  'mode=release&toString=1',
  'mode=release&twins=9',
  'mode=release&discover=101',
  `mode=release&${'x'.repeat(4000)}=1`,
]
const BAD_BODIES: Readonly<Record<string, string>> = {
  'no JSON': '{mode:"release"}',
  'half of JSON': '{"mode":"release"',
  'an array': '[{"mode":"release"}]',
  'a string': '"release"',
  null: 'null',
  'a number': '1',
  'an unknown key': '{"mode":"release","force":true}',
  'a signal': '{"mode":"release","signal":{"aborted":false}}',
  'a trigger': '{"mode":"release","trigger":"schedule"}',
  'a prototype': '{"mode":"release","__proto__":{"only":["users"]}}',
  'a constructor': '{"mode":"release","constructor":{"prototype":{}}}',
  'a key twice': '{"mode":"twin","mode":"release"}',
  'a key twice, once escaped': '{"mode":"twin","m\\u006fde":"release"}',
  'a key twice inside': '{"mode":"release","budget":{"pauseMs":1,"pauseMs":100000}}',
  'a mode that is a list': '{"mode":["release"]}',
  'a mode that is null': '{"mode":null}',
  'a fraction that is a string': '{"mode":"trim","fraction":"0.1"}',
  'a fraction too large to count': '{"mode":"trim","fraction":1e999}',
  'names that are none': '{"mode":"release","only":"users"}',
  'names of other types': '{"mode":"release","only":[{"toString":"users"}]}',
  'names twice': '{"mode":"release","only":["users","users"]}',
  'a budget that is a number': '{"mode":"release","budget":5}',
  'an unknown budget': '{"mode":"release","budget":{"pause":5}}',
  'a deep nest': `{"mode":"release","only":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  'broken UTF-8': '{"mode":"release","only":["\xff"]}',
}
suite('parameters', local, [
  ...BAD_QUERIES.map((query) => ({
    name: `?${query.slice(0, 60)} is 400`,
    request: { method: 'POST', target: `${BASE}/attribution?${query}` },
    status: 400,
  })),
  ...Object.entries(BAD_BODIES).map(([name, body]) => ({
    name: `a body with ${name} is 400`,
    request: { method: 'POST', target: `${BASE}/attribution`, headers: [JSON_BODY], body },
    status: 400,
  })),
  {
    name: 'a parameter in the query and in the body is 400',
    request: { ...RUN, headers: [JSON_BODY], body: '{"mode":"release"}' },
    status: 400,
    code: 'ERR_HTTP_PARAMETER',
  },
  {
    name: 'an unknown cache is 404',
    request: { method: 'POST', target: `${BASE}/attribution?mode=release&only=user` },
    status: 404,
    code: 'ERR_CACHE_UNKNOWN',
  },
  {
    name: 'the release of one takes no mode',
    request: { ...RELEASE, target: `${RELEASE.target}?mode=trim` },
    status: 400,
    code: 'ERR_OPTION_UNKNOWN',
  },
])

const LARGE = `{"mode":"release","only":["${'x'.repeat(70_000)}"]}`
suite('bodies', local, [
  {
    name: 'one that is too long by its own account is 413',
    request: { ...RUN, headers: [JSON_BODY], body: LARGE },
    status: 413,
    code: 'ERR_HTTP_BODY_SIZE',
  },
  {
    name: 'one that is too long in chunks is 413',
    request: {
      ...RUN,
      headers: [JSON_BODY, 'Transfer-Encoding: chunked'],
      body: `${LARGE.length.toString(16)}\r\n${LARGE}\r\n0\r\n\r\n`,
    },
    status: 413,
    code: 'ERR_HTTP_BODY_SIZE',
  },
  {
    name: 'one that claims a terabyte is 413',
    request: { ...RUN, headers: [JSON_BODY, 'Content-Length: 1099511627776'], body: '{' },
    status: 413,
    code: 'ERR_HTTP_BODY_SIZE',
  },
  {
    name: 'one that never comes is 408',
    request: { ...RUN, headers: [JSON_BODY, 'Content-Length: 50'], body: '{' },
    status: 408,
    code: 'ERR_HTTP_BODY',
  },
  {
    name: 'one that never ends is 408',
    request: { ...RUN, headers: [JSON_BODY, 'Transfer-Encoding: chunked'], body: '1\r\n{\r\n' },
    status: 408,
    code: 'ERR_HTTP_BODY',
  },
  ...['application/xml', 'application/jsonp', 'application/octet-stream', 'json', 'application/json, text/plain'].map(
    (type) => ({
      name: `one of ${type} is 415`,
      request: { ...RUN, headers: [`Content-Type: ${type}`], body: '{"controls":0}' },
      status: 415,
      code: 'ERR_HTTP_MEDIA_TYPE',
    }),
  ),
  {
    name: 'one without a type is 415',
    request: { ...RUN, body: '{"controls":0}' },
    status: 415,
    code: 'ERR_HTTP_MEDIA_TYPE',
  },
  {
    name: 'a compressed one is 415',
    request: { ...RUN, headers: [JSON_BODY, 'Content-Encoding: gzip'], body: '{"controls":0}' },
    status: 415,
    code: 'ERR_HTTP_MEDIA_TYPE',
  },
  {
    name: 'Content-Length and Transfer-Encoding together are refused',
    request: { ...RUN, headers: [JSON_BODY, 'Content-Length: 2', 'Transfer-Encoding: chunked'], body: '{}' },
    status: 400,
  },
  {
    name: 'two lengths are refused',
    request: { ...RUN, headers: [JSON_BODY, 'Content-Length: 2', 'Content-Length: 20'], body: '{}' },
    status: 400,
  },
  {
    name: 'a bad chunk is refused',
    request: { ...RUN, headers: [JSON_BODY, 'Transfer-Encoding: chunked'], body: 'zz\r\n{}\r\n0\r\n\r\n' },
    status: 400,
  },
])

const BAD_PATHS: Readonly<Record<string, number>> = {
  '/caches/users/../users/release': 400,
  '/caches/%2e%2e/caches/users/release': 400,
  '/./caches/users/release': 400,
  '/%2e/caches/users/release': 400,
  '/.%2e/memory/caches/users/release': 400,
  '//caches/users/release': 400,
  '/caches//users/release': 400,
  '/caches/users//release': 400,
  '/caches/users/release/': 404,
  '/caches/users/release//': 400,
  '/caches/users/release;x=1': 404,
  '/caches/users/release.json': 404,
  '/caches/users%2Frelease': 405,
  '/caches%2Fusers/release': 404,
  '%2Fcaches/users/release': 404,
  '/%63aches/users/release': 404,
  '/Caches/users/release': 404,
  '/caches/users/RELEASE': 404,
  '/caches/users/rele%61se': 404,
  '/caches/users%00/release': 404,
  '/caches/%00users/release': 404,
  '/caches/users%0d%0aX-Evil:%201/release': 404,
  '/caches/%ff/release': 400,
  '/caches/%/release': 400,
  '/caches/%zz/release': 400,
  '/caches/%c0%af/release': 400,
  '/caches/%ed%a0%80/release': 400,
  '/caches/%2575sers/release': 404,
  '/caches/%252e%252e/release': 404,
  '\\caches\\users\\release': 404,
  '/caches\\users/release': 400,
  '/caches/users/release#x': 400,
  '/caches/{users}/release': 400,
  '/caches/"users"/release': 400,
  '/caches/__proto__/release': 404,
  '/caches/constructor/release': 404,
  '/__proto__': 404,
  '/constructor': 404,
  '/attribution/../caches/users/release': 400,
  '/page/page.js': 404,
  '/%c3%9f': 404,
  'x/caches/users/release': 404,
}
suite('paths', local, [
  ...Object.entries(BAD_PATHS).map(([path, status]) => ({
    name: `POST ${BASE}${path} is ${status}`,
    request: { method: 'POST', target: `${BASE}${path}` },
    status,
  })),
  ...[
    '/debug//memory/caches/users/release',
    '//debug/memory/caches/users/release',
    '/debug/%6demory/caches/users/release',
    '/DEBUG/MEMORY/caches/users/release',
    '/x/../debug/memory/caches/users/release',
    '/debug/memory2/caches/users/release',
    '*',
    '/',
  ].map((target) => ({ name: `POST ${target} is not ours`, request: { method: 'POST', target }, status: [400, 404] })),
  {
    name: 'a path of 12,000 characters',
    request: { method: 'POST', target: `${BASE}/caches/${'x'.repeat(12_000)}/release` },
    status: 404,
    code: 'ERR_CACHE_UNKNOWN',
  },
  {
    name: 'a path of 5,000 parts',
    request: { method: 'POST', target: BASE + '/x'.repeat(5000) },
    status: 404,
    code: 'ERR_HTTP_NOT_FOUND',
  },
])

suite('what nobody makes', local, [
  ...['image/png', 'text/html', 'application/json;q=0', '*/*;q=0'].map((type) => ({
    name: `a run as ${type} is 406`,
    request: { ...RUN, headers: [`Accept: ${type}`] },
    status: 406,
    code: 'ERR_HTTP_NOT_ACCEPTABLE',
  })),
  {
    name: 'a report of another’s id is 404',
    request: { target: `${BASE}/attribution/..%2f..%2fetc%2fpasswd` },
    status: 404,
    code: 'ERR_HTTP_NOT_FOUND',
  },
  {
    name: 'an abort of nothing is 404',
    request: { method: 'DELETE', target: `${BASE}/attribution/current` },
    status: 404,
    code: 'ERR_HTTP_NOT_FOUND',
  },
])

suite(
  'GET never releases',
  local,
  ['/caches/users/release', '/attribution?mode=release', '/discover', '/heap-snapshot', '/?mode=release'].flatMap(
    (path) =>
      ['GET', 'HEAD'].map((method) => ({
        name: `${method} ${path}`,
        request: { method, target: BASE + path, headers: ['X-HTTP-Method-Override: POST', '_method: POST'] },
        status: [200, 404, 405],
      })),
  ),
)
