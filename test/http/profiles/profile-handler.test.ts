import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import { requireTool } from '../../helpers/profiled.js'
import { REFUSED_BASES } from './fixtures/http.js'
import type { Answer, HttpResult } from './fixtures/http.js'

describe('createProfileHandler()', function () {
  let result: HttpResult
  before(async function () {
    needsJemalloc(this)
    this.timeout(90_000)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'profiles-'))
    try {
      result = await runFixture<HttpResult>('http/profiles/fixtures/http', {
        preload: 'jemalloc',
        env: { MALLOC_CONF: 'prof:true,prof_active:false' },
        args: [folder],
        timeoutMs: 85_000,
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
  const answer = (name: string): Answer => result.answers[name] ?? { status: 0, type: null, begin: `no ${name}` }

  it('gives a profile of some seconds', () => {
    expect(answer('GET ?seconds=0.3&gc=1')).to.deep.equal({
      status: 200,
      type: 'application/octet-stream',
      begin: '1f8b',
    })
  })

  it('gives one that go tool pprof opens', function () {
    requireTool(this, 'go', 'golang-go')
    expect(result.goTop).to.match(/Type: inuse_space[^]*AllocateUninitialized|Type: inuse_space[^]*Buffer/)
  })

  it('gives what is live without seconds, once profiling is on', () => {
    expect(answer('GET ')).to.include({ status: 200, begin: '1f8b' })
    expect(answer('GET ?debug=1').begin).to.match(/^heap_v2\/524288\n/)
  })

  it('shows the flame graph, the table, the JavaScript side, and what is more than in a dump', () => {
    expect(answer('GET /flamegraph')).to.include({ status: 200, type: 'text/html; charset=utf-8' })
    expect(answer('GET /top').begin).to.match(/^inuse_space: \d+\.\d+ MiB in all/)
    for (const name of ['GET /top?kind=js&seconds=0.1']) expect(answer(name).status).to.equal(200)
  })

  it('names what is more than in a dump of the catalogue, in every form', function () {
    const first = (table: string): string => table.split('\n').find((line) => /\d ?%/.test(line)) ?? table
    // The output before it is larger.
    expect(first(result.grown.all)).not.to.match(/zlib|zcalloc/i)
    for (const form of ['top', 'pprof', 'during'] as const) {
      expect(first(result.grown[form]), form).to.match(/zlib|deflate|zcalloc/i)
    }
    expect(result.grown.flamegraph).to.match(/zlib|deflate|zcalloc/i)
    requireTool(this, 'go', 'golang-go')
    expect(result.grown.goTop).to.match(/flat%[^\n]*\n[^\n]*(?:zlib|deflate|zcalloc)/i)
  })

  it('takes nothing for a base but a heap profile of the catalogue, by its name', () => {
    for (const [base, code] of REFUSED_BASES) {
      const { begin } = answer(`GET /top?base=${encodeURIComponent(base)}`)
      expect(begin, base).to.include(code)
      expect(begin, base).not.to.match(/secret$|root:/)
    }
    expect(answer('GET /top?base=jeprof.1.1.m1.heap&base=jeprof.1.1.m1.heap').status).to.equal(400)
    expect(answer('GET /top?kind=js&seconds=0.1&base=jeprof.1.1.m1.heap').begin).to.include('ERR_HTTP_PARAMETER')
    expect(answer('GET /top?kind=js&temporary=1').begin).to.include('ERR_HTTP_PARAMETER')
    expect(answer('GET ?debug=1&base=jeprof.1.1.m1.heap').begin).to.include('ERR_HTTP_PARAMETER')
  })

  it('keeps the text of a dump in a file without a name, which is gone when its reader has left', () => {
    expect(result.textFiles).to.deep.equal({ names: [], openMeanwhile: 1, openAtEnd: 0, openAfterRequest: 0 })
  })

  it('is for operators, from their own origin', () => {
    expect(answer('GET ?seconds=0.1 read-only').status).to.equal(403)
    expect(answer('foreign origin').begin).to.include('ERR_HTTP_CROSS_ORIGIN')
  })

  it('switches profiling on and off', () => {
    expect(JSON.parse(answer('POST /profiling/activate').begin)).to.include({ active: true })
    expect(JSON.parse(answer('POST /profiling/deactivate').begin)).to.include({ active: false })
    expect(result.activeAtEnd).to.equal(false)
  })

  it('lists and serves dumps, without telling where they lie, and removes them', () => {
    expect(answer('GET /dumps').begin).to.include('"id":"jeprof.1.0.f.heap"').and.not.include('"path"')
    expect(answer('GET /dumps/jeprof.1.0.f.heap').begin).to.match(/^heap_v2/)
    expect(answer('DELETE /dumps/jeprof.1.0.f.heap').status).to.equal(204)
  })

  for (const [name, status, code] of [
    ['GET ?seconds=9', 400, 'ERR_OPTION_RANGE'],
    ['GET ?secnds=1', 400, 'ERR_OPTION_UNKNOWN'],
    ['GET /dumps/secret.txt', 404, 'ERR_DUMP_UNKNOWN'],
    ['GET /dumps/..%2Fsecret.txt', 404, 'ERR_DUMP_UNKNOWN'],
    ['GET /top?base=jeprof.1.0.f.heap', 404, 'ERR_DUMP_UNKNOWN'],
    ['GET /nothing', 404, 'ERR_HTTP_NOT_FOUND'],
    ['POST /top', 405, 'ERR_HTTP_METHOD'],
  ] as const) {
    it(`refuses ${name} with ${status}`, () => {
      expect(answer(name).status, answer(name).begin).to.equal(status)
      expect(answer(name).begin).to.include(code)
    })
  }
})
