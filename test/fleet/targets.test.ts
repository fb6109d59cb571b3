import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { resolveTargets } from '../helpers/internals/fleet.js'
import type { FleetSource } from '../../src/fleet/index.js'
import { codeOf } from '../helpers/internals/support.js'

const found = async (source: FleetSource | readonly FleetSource[]): Promise<unknown> =>
  (await resolveTargets(source)).map(({ url, name, labels }) => [url, name, labels])
const refused = async (source: unknown): Promise<string> => {
  try {
    await resolveTargets(source as FleetSource)
  } catch (error) {
    return `${codeOf(error) ?? 'no code'}: ${(error as Error).message}`
  }
  return 'found'
}

describe('targets of a fleet', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fleet-'))
  let server: Server
  let origin: string
  let dns: Socket
  let dnsServer: string
  const pages = new Map<string, unknown>()
  let files = 0
  before(async () => {
    server = createServer((request, response) => {
      const page = pages.get(request.url ?? '')
      response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(typeof page === 'string' ? page : JSON.stringify(page ?? {}))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    dns = createSocket('udp4')
    dns.on('message', (question, { port, address }) => {
      dns.send(dnsAnswer(question), port, address)
    })
    await new Promise<void>((resolve) => dns.bind(0, '127.0.0.1', resolve))
    dnsServer = `127.0.0.1:${String(dns.address().port)}`
  })
  after(() => {
    server.close()
    dns.close()
    rmSync(folder, { recursive: true })
  })
  const fileOf = (content: unknown): string => {
    const file = path.join(folder, `${String(files++)}.json`)
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }

  it('are URLs, with the usual path where there is none, each once', async () => {
    expect(await found(['http://a:1', new URL('https://b/own/path'), { url: 'http://a:1/', name: 'x' }])).to.deep.equal(
      [
        ['http://a:1/debug/memory/', 'a:1', {}],
        ['https://b/own/path/', 'b', {}],
      ],
    )
    expect(await found({ url: 'http://a:1', name: 'pod-7', labels: { version: '2' } })).to.deep.equal([
      ['http://a:1/debug/memory/', 'pod-7', { version: '2' }],
    ])
  })

  it('are every address of a name in DNS, and the hosts and ports of SRV records', async () => {
    expect(await found({ dns: 'shop.test', port: 80, server: dnsServer, path: 'admin' })).to.deep.equal([
      ['http://127.0.0.1/admin/', '127.0.0.1', {}],
      ['http://127.0.0.2/admin/', '127.0.0.2', {}],
      ['http://[::1]/admin/', '[::1]', {}],
    ])
    expect(await found({ dns: 'shop.test', type: 'AAAA', port: 81, server: dnsServer, scheme: 'https' })).to.deep.equal(
      [['https://[::1]:81/debug/memory/', '[::1]:81', {}]],
    )
    expect(await found({ dns: '_http._tcp.shop.test', type: 'SRV', server: dnsServer })).to.deep.equal([
      ['http://pod.test:8080/debug/memory/', 'pod.test:8080', {}],
    ])
    expect(await found({ dns: 'localhost', type: 'A', port: 82 })).to.deep.equal([
      ['http://127.0.0.1:82/debug/memory/', '127.0.0.1:82', {}],
    ])
    expect(await refused({ dns: 'none.test', port: 80, server: dnsServer })).to.match(
      /^ERR_FLEET_TARGETS: .*none\.test has no address/,
    )
    expect(await refused({ dns: 'shop.test', server: dnsServer })).to.match(/^ERR_OPTION_RANGE: .*need a port/)
  })

  it("are those of Prometheus' discovery by file and HTTP, with the labels that it would keep", async () => {
    const groups = [
      { targets: ['10.0.0.1:8080', '[::2]:8080'], labels: { version: '1', __meta_pod: 'x' } },
      { targets: ['10.0.0.3:8080'] },
    ]
    const expected = [
      ['http://10.0.0.1:8080/debug/memory/', '10.0.0.1:8080', { version: '1' }],
      ['http://[::2]:8080/debug/memory/', '[::2]:8080', { version: '1' }],
      ['http://10.0.0.3:8080/debug/memory/', '10.0.0.3:8080', {}],
    ]
    expect(await found({ discovery: fileOf(groups) })).to.deep.equal(expected)
    pages.set('/targets', groups)
    expect(await found({ discovery: `${origin}/targets` })).to.deep.equal(expected)
  })

  it('are what a Prometheus server scrapes, of one job or all', async () => {
    const target = (scrapeUrl: string, labels: object) => ({ scrapeUrl, labels, health: 'up' })
    pages.set('/p/api/v1/targets?state=active', {
      status: 'success',
      data: {
        activeTargets: [
          target('http://10.0.0.1:8080/metrics', { job: 'shop', version: '1', instance: '10.0.0.1:8080' }),
          target('https://10.0.0.2/metrics?x=1', { job: 'other' }),
          target('nonsense', { job: 'shop' }),
        ],
      },
    })
    expect(await found({ prometheus: `${origin}/p`, job: 'shop' })).to.deep.equal([
      ['http://10.0.0.1:8080/debug/memory/', '10.0.0.1:8080', { job: 'shop', version: '1', instance: '10.0.0.1:8080' }],
    ])
    expect(await found({ prometheus: `${origin}/p/` })).to.have.length(2)
  })

  it('are refused with the reason where a source gives none', async () => {
    pages.set('/text', 'no JSON')
    pages.set('/object', { targets: [] })
    for (const [source, reason] of [
      [[], /there is no replica to ask/],
      [{ discovery: path.join(folder, 'missing') }, /missing cannot be read: ENOENT/],
      [{ discovery: fileOf('{') }, /cannot be read: /],
      [{ discovery: fileOf([{ targets: 'x' }]) }, /a group without targets/],
      [{ discovery: fileOf([{ targets: ['a/b'] }]) }, /names "a\/b", which is no host and port/],
      [{ discovery: `${origin}/object` }, /is no list of targets/],
      [{ discovery: `${origin}/text` }, /gave no targets: /],
      [{ discovery: `${origin}/nowhere` }, /answered 404/],
      [{ discovery: 'http://127.0.0.1:1/' }, /ECONNREFUSED|bad port/],
      [{ prometheus: 'nonsense' }, /is no URL of a Prometheus server/],
      [{ prometheus: `${origin}/object` }, /answered 404/],
    ] as const) {
      expect(await refused(source), String(reason))
        .to.match(/^ERR_FLEET_TARGETS: /)
        .and.to.match(reason)
    }
    expect(await refused('ftp://a')).to.match(/^ERR_OPTION_RANGE: /)
    expect(await refused(7)).to.match(/^ERR_OPTION_TYPE: /)
    expect(await refused({ dsn: 'shop' })).to.match(/^ERR_OPTION_UNKNOWN: /)
    expect(await refused({ url: 'http://a', labels: { version: 2 } })).to.match(/^ERR_OPTION_TYPE: /)
  })
})

/** Answers as a name server: three addresses of shop.test, one service, and nothing of any other name. */
function dnsAnswer(question: Buffer): Buffer {
  let at = 12
  const labels: string[] = []
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const type = question.readUInt16BE(at + 1)
  const asked = question.subarray(12, at + 5)
  const name = (text: string): Buffer =>
    Buffer.concat([
      ...text.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
      Buffer.from([0]),
    ])
  const data = new Map<string, Buffer[]>([
    ['shop.test 1', [Buffer.from([127, 0, 0, 1]), Buffer.from([127, 0, 0, 2])]],
    ['shop.test 28', [Buffer.concat([Buffer.alloc(15), Buffer.from([1])])]],
    ['_http._tcp.shop.test 33', [Buffer.concat([Buffer.from([0, 0, 0, 0, 0x1f, 0x90]), name('pod.test')])]],
  ]).get(`${labels.join('.').toLowerCase()} ${String(type)}`)
  const answers = (data ?? []).map((bytes) => {
    const head = Buffer.alloc(12)
    head.writeUInt16BE(0xc00c, 0)
    head.writeUInt16BE(type, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt32BE(60, 6)
    head.writeUInt16BE(bytes.length, 10)
    return Buffer.concat([head, bytes])
  })
  const head = Buffer.alloc(12)
  question.copy(head, 0, 0, 2)
  head.writeUInt16BE(data === undefined ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(answers.length, 6)
  return Buffer.concat([head, asked, ...answers])
}
