/** Who may ask: what the mounting code says, tokens and roles, and this machine alone where nothing was said. */
import { expect } from 'chai'
import { bearerToken, createAdminHandler } from '../../../src/http/index.js'
import type { AdminHandlerOptions, Authorize } from '../../../src/http/index.js'
import { World, thrownBy } from '../../coordinator/world.js'
import { OPERATOR, READER, messageOf, openSite, sendRaw } from '../site.js'

const MAIN = { headers: { host: 'localhost' } }

async function ask(options: AdminHandlerOptions, init: RequestInit = MAIN, path = '/status'): Promise<Response> {
  const handler = createAdminHandler(new World().coordinator(), options)
  const answer = await handler(new Request(`http://localhost/debug/memory${path}`, init), {
    remoteAddress: '127.0.0.1',
  })
  await handler.close()
  if (answer === undefined) throw new Error('it was not ours')
  return answer
}

function authorization(value: string): RequestInit {
  return { headers: { authorization: value } }
}

const codeOf = (call: () => unknown): string => (thrownBy(call) as { code: string }).code

describe('authorize', () => {
  for (const verdict of [undefined, null, 0, 1, 'yes', 'admin', {}, [], Promise.resolve('true')]) {
    it(`refuses what is no permission: ${verdict === undefined ? 'undefined' : JSON.stringify(verdict)}`, async () => {
      const authorize = (() => verdict) as unknown as Authorize
      expect((await ask({ authorize })).status).to.equal(403)
    })
  }

  it('refuses with false, lets true and roles in, sync or not', async () => {
    expect((await ask({ authorize: () => false })).status).to.equal(403)
    expect(await (await ask({ authorize: () => true })).json()).to.include({ role: 'operator' })
    expect(await (await ask({ authorize: () => Promise.resolve('operator' as const) })).json()).to.include({
      role: 'operator',
    })
    expect(await (await ask({ authorize: () => 'read-only' })).json()).to.include({ role: 'read-only' })
  })

  it('may answer itself; the common headers are added', async () => {
    const answer = await ask({ authorize: () => Response.redirect('https://login.example/', 302) })
    expect([answer.status, answer.headers.get('location')]).to.deep.equal([302, 'https://login.example/'])
    expect(answer.headers.get('cache-control')).to.equal('no-store')
  })

  it('that throws is a refusal which tells nothing, and is told to onError', async () => {
    const errors: unknown[] = []
    const failure = new Error('the password of the database is hunter2')
    for (const authorize of [
      () => {
        throw failure
      },
      () => Promise.reject(failure),
    ]) {
      const answer = await ask({ authorize, onError: (error) => errors.push(error) })
      expect(answer.status).to.equal(500)
      expect(await answer.text())
        .to.include('ERR_HTTP_INTERNAL')
        .and.not.to.include('hunter2')
    }
    expect(errors).to.deep.equal([failure, failure])
  })

  it('is asked before anything else is looked at', async () => {
    const answer = await ask({ authorize: () => false }, { method: 'PUT' }, '/nowhere/%ff')
    expect(answer.status).to.equal(403)
    expect(answer.headers.has('server-timing')).to.equal(false)
  })

  it('is not asked for what lies elsewhere', async () => {
    let calls = 0
    const handler = createAdminHandler(new World().coordinator(), { authorize: () => ++calls > 0 })
    expect(await handler(new Request('http://localhost/debug/memoryx'))).to.equal(undefined)
    expect(calls).to.equal(0)
    await handler.close()
  })
})

describe('without authorize', () => {
  for (const host of ['localhost', 'LocalHost:3000', '127.0.0.1', '127.8.9.1:80', '[::1]', '[::1]:8080']) {
    it(`serves the loopback Host ${host}`, async () => {
      expect((await ask({}, { headers: { host } })).status).to.equal(200)
    })
  }

  for (const address of ['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1']) {
    it(`serves the loopback address ${address}`, async () => {
      const handler = createAdminHandler(new World().coordinator())
      const answer = await handler(new Request('http://localhost/debug/memory/status', MAIN), {
        remoteAddress: address,
      })
      expect(answer?.status).to.equal(200)
      await handler.close()
    })
  }

  for (const address of [
    undefined,
    '',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '1127.0.0.1',
    '127.0.0.1.evil',
    '::',
    '::11',
    'fe80::1',
  ]) {
    it(`refuses the address ${address ?? 'that is not known'}`, async () => {
      const handler = createAdminHandler(new World().coordinator())
      const answer = await handler(new Request('http://localhost/debug/memory/status', MAIN), {
        remoteAddress: address,
      })
      expect(answer?.status).to.equal(403)
      await handler.close()
    })
  }
})

describe('bearerToken()', () => {
  const authorize = bearerToken({ operator: [OPERATOR, 'next-operator-token-0123'], readOnly: READER })

  it('knows several tokens and their roles', async () => {
    for (const [token, role] of [
      [OPERATOR, 'operator'],
      ['next-operator-token-0123', 'operator'],
      [READER, 'read-only'],
    ] as const) {
      for (const value of [`Bearer ${token}`, `bEARER  ${token}`, `Basic ${btoa(`anybody:${token}`)}`]) {
        expect(await (await ask({ authorize }, authorization(value))).json()).to.include({ role })
      }
    }
  })

  it('asks for a token in both ways, Basic so that a browser can', async () => {
    const answer = await ask({ authorize })
    expect(answer.status).to.equal(401)
    expect(answer.headers.get('www-authenticate')).to.equal(
      'Basic realm="memory", charset="UTF-8", Bearer realm="memory"',
    )
    expect(await answer.json()).to.include({ code: 'ERR_HTTP_UNAUTHENTICATED' })
  })

  it('leaves Basic out where it is told to', async () => {
    const strict = bearerToken({ operator: OPERATOR, basic: false })
    const answer = await ask({ authorize: strict }, authorization(`Basic ${btoa(`anybody:${OPERATOR}`)}`))
    expect([answer.status, answer.headers.get('www-authenticate')]).to.deep.equal([401, 'Bearer realm="memory"'])
  })

  it('takes neither none, nor empty, short, strange or repeated tokens', () => {
    const wrong: readonly unknown[] = [
      {},
      { operator: undefined },
      { operator: [] },
      { operator: '' },
      { operator: 'short' },
      { operator: 'with a space in it' },
      { operator: 'öffentlich-0123456789' },
      { operator: 'x'.repeat(1025) },
      { operator: [OPERATOR, OPERATOR] },
      { operator: OPERATOR, readOnly: OPERATOR },
    ]
    for (const options of wrong) {
      expect(codeOf(() => bearerToken(options as Parameters<typeof bearerToken>[0]))).to.equal('ERR_OPTION_RANGE')
    }
    expect(codeOf(() => bearerToken({ operator: 5 } as never))).to.equal('ERR_OPTION_TYPE')
    expect(codeOf(() => bearerToken({ token: OPERATOR } as never))).to.equal('ERR_OPTION_UNKNOWN')
  })

  it('shows no token in the error about it', () => {
    expect((thrownBy(() => bearerToken({ operator: 'my secret' })) as Error).message).not.to.include('my secret')
  })
})

describe('requests that change something', () => {
  it('are taken from their own origin, whatever port and case, and from none', async () => {
    const site = await openSite()
    for (const [host, headers] of [
      ['localhost:3000', ['Origin: http://localhost:3000', 'Sec-Fetch-Site: same-origin']],
      ['localhost', ['Origin: http://localhost']],
      ['localhost:443', ['Origin: https://localhost']],
      ['LOCALHOST:80', ['Origin: http://localhost']],
      ['[::1]:3000', ['Origin: http://[::1]:3000']],
      ['localhost', ['Sec-Fetch-Site: none']],
      ['localhost', []],
    ] as const) {
      const target = '/debug/memory/caches/users/release'
      const { status, text } = await sendRaw(site.port, messageOf({ method: 'POST', target, host, headers }))
      expect(status, text).to.equal(200)
    }
    await site.close()
  })

  it('are taken from origins that the options name', async () => {
    const site = await openSite({ origins: ['https://ops.example.com'] })
    const send = (origin: string): ReturnType<typeof sendRaw> =>
      sendRaw(
        site.port,
        messageOf({
          method: 'POST',
          target: '/debug/memory/caches/users/release',
          headers: [`Origin: ${origin}`, 'Sec-Fetch-Site: cross-site'],
        }),
      )
    expect([(await send('https://ops.example.com')).status, (await send('https://ops.example')).status]).to.deep.equal([
      200, 403,
    ])
    await site.close()
  })
})

describe('createAdminHandler()', () => {
  it('refuses what is no option of it, or out of range', () => {
    const coordinator = new World().coordinator()
    for (const [options, code] of [
      [{ base: '/x' }, 'ERR_OPTION_UNKNOWN'],
      [{ basePath: 'debug' }, 'ERR_OPTION_RANGE'],
      [{ basePath: '//evil.example' }, 'ERR_OPTION_RANGE'],
      [{ basePath: '/a/../b' }, 'ERR_OPTION_RANGE'],
      [{ basePath: '/a?b' }, 'ERR_OPTION_RANGE'],
      [{ authorize: 'token' }, 'ERR_OPTION_TYPE'],
      [{ coolDownMs: -1 }, 'ERR_OPTION_RANGE'],
      [{ reports: 1001 }, 'ERR_OPTION_RANGE'],
      [{ modes: ['delete'] }, 'ERR_OPTION_RANGE'],
      [{ modes: 'twin' }, 'ERR_OPTION_TYPE'],
      [{ origins: ['https://x.example/'] }, 'ERR_OPTION_RANGE'],
      [{ links: [{ title: 'x', href: 'javascript:alert(1)' }] }, 'ERR_OPTION_RANGE'],
      [{ links: [{ title: 'x' }] }, 'ERR_OPTION_TYPE'],
    ] as const) {
      expect(
        codeOf(() => createAdminHandler(coordinator, options as never)),
        JSON.stringify(options),
      ).to.equal(code)
    }
    expect(codeOf(() => createAdminHandler({} as never))).to.equal('ERR_OPTION_TYPE')
  })

  it('shows links in the status', async () => {
    const links = [{ title: 'Heap', href: '../pprof/heap' }]
    expect(await (await ask({ links })).json()).to.deep.include({ links })
  })

  it('can be mounted at the root', async () => {
    const handler = createAdminHandler(new World().coordinator(), { basePath: '/', authorize: () => true })
    expect((await handler(new Request('http://x/caches')))?.status).to.equal(200)
    expect((await handler(new Request('http://x/', { headers: { accept: 'text/html' } })))?.status).to.equal(200)
    await handler.close()
  })
})
