import { expect } from 'chai'
import type { Examination } from '../../helpers/internals/cli-doctor.js'
import { diagnosisText } from '../../helpers/internals/cli-doctor.js'

const NONE = { name: 'unavailable', version: null, statistic: null, binding: null, settings: null }

const READY: Examination = {
  ready: true,
  node: { version: 'v20.0.0', path: '/usr/bin/node' },
  platform: { os: 'linux', arch: 'x64', libc: 'glibc', libcVersion: '2.36', secureStart: null },
  addon: { present: true, detail: 'loaded', mend: null },
  ffi: { present: false, detail: 'no ffi-napi', mend: 'npm i ffi-napi' },
  library: { present: true, detail: 'jemalloc 5.3.0', mend: null, path: '/l.so', source: 'system' },
  here: { ...NONE, name: 'glibc', version: '2.36', statistic: 'mallinfo2', binding: 'addon', reason: 'no jemalloc' },
  underRun: {
    ...NONE,
    name: 'jemalloc',
    version: '5.3.0',
    statistic: 'stats.allocated',
    binding: 'addon',
    reason: null,
    settings: { configStats: true, configProf: true, optProf: false },
  },
  twin: { present: true, detail: 'a copy can be measured', mend: null },
}

describe('diagnosisText()', () => {
  it('names a cure for profiling that is not ignored where MALLOC_CONF is', () => {
    expect(diagnosisText(READY)).to.include('run --profile')
    const text = diagnosisText({ ...READY, platform: { ...READY.platform, secureStart: 'capabilities' } })
    expect(text).to.include('/etc/malloc.conf').and.not.to.include('run --profile')
  })

  it('has a line for each finding, and concludes', () => {
    const lines = diagnosisText(READY).trimEnd().split('\n')
    expect(lines).to.include('ok  platform      linux x64, glibc 2.36')
    expect(lines).to.include('ok  jemalloc      jemalloc 5.3.0 (system: /l.so)')
    expect(lines).to.include('ok  under run     jemalloc 5.3.0, stats.allocated through addon')
    expect(lines.at(-1)).to.match(/^Ready:/)
  })

  it('calls the second binding not needed where the first one is there', () => {
    expect(diagnosisText(READY))
      .to.include('--  ffi           no ffi-napi')
      .and.include('not needed; to have it: npm i')
  })

  it('gives each thing missing its cure', () => {
    const text = diagnosisText({
      ...READY,
      ready: false,
      addon: { present: false, detail: 'no addon', mend: 'npx node-gyp rebuild' },
      library: { present: false, detail: 'no jemalloc', mend: 'apk add jemalloc', path: null, source: null },
      underRun: null,
    })
    for (const cure of ['npx node-gyp rebuild', 'npm i ffi-napi', 'apk add jemalloc']) {
      expect(text).to.include(`to fix it: ${cure}\n`)
    }
    expect(text).to.match(/Not ready:.*\n$/)
  })

  it('says whether twins can be made, which no run needs', () => {
    expect(diagnosisText(READY)).to.include('ok  twin          a copy can be measured\n')
    const twin = { present: false, detail: 'this is not glibc', mend: null }
    expect(diagnosisText({ ...READY, twin }))
      .to.include('--  twin          this is not glibc\n')
      .and.match(/^Ready:/m)
  })

  it('says how profiling is enabled', () => {
    expect(diagnosisText(READY)).to.include('MALLOC_CONF=prof:true')
  })
})
