import { Validator } from '@seriousme/openapi-schema-validator'
import { expect } from 'chai'
import { createProfileHandler } from '../../../src/http/index.js'
import { PROFILE_ROUTES } from '../../helpers/internals/http-profiles.js'
import type { HeapProfiler } from '../../../src/profiling/index.js'

/** A request for the description takes no profile. */
const NO_PROFILER: unknown = {}
const LOOPBACK = { remoteAddress: '127.0.0.1' }

async function described(basePath?: string): Promise<Record<string, unknown>> {
  const handler = createProfileHandler(NO_PROFILER as HeapProfiler, { basePath })
  const request = new Request(`http://localhost${handler.basePath}/openapi.json`, { headers: { host: 'localhost' } })
  const answer = await handler(request, LOOPBACK)
  expect(answer?.status).to.equal(200)
  return (await answer?.json()) as Record<string, unknown>
}

describe('GET /openapi.json of the profile handler', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    const { valid, errors } = await validator.validate(await described())
    expect(errors).to.equal(undefined)
    expect(valid).to.equal(true)
    expect(validator.version).to.equal('3.1')
  })

  it('has every route and method of the handler, and no other', async () => {
    const { paths } = (await described()) as { paths: Record<string, Record<string, unknown>> }
    const known = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    )
    const routes = PROFILE_ROUTES.flatMap(({ path, methods }) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(known.toSorted()).to.deep.equal(routes.toSorted())
  })

  it('says where it lies', async () => {
    expect(await described('/pprof')).to.have.deep.property('servers', [{ url: '/pprof' }])
  })
})
