/** Every adapter's cache in one process under load, beside a Map with the same content; one JSON line a row. */
import { setTimeout as delay } from 'node:timers/promises'
import { Coordinator } from 'cache-attribution'
import { subjectsFor } from '../../test/adapters/subjects.js'
import { fill } from '../../test/adapters/fixtures/contents.js'
import type { Kind } from '../../test/adapters/fixtures/contents.js'
import { report } from '../support/processes.js'
import { startLoadedServer } from '../support/server.js'

/** One release of one library's cache. */
export interface AdapterRow {
  readonly name: string
  readonly totalBytes: number
  readonly settled: boolean
  readonly worksAfterwards: boolean
}

const kind = process.argv[2] as Kind
const runs = Number(process.argv[3])
const server = await startLoadedServer()
const coordinator = new Coordinator({ mode: 'release' })
const subjects = new Map(Object.entries(subjectsFor(kind)).map(([name, make]) => [name, make()]))
for (const [name, { releasable }] of subjects) coordinator.register(name, releasable)
// Once without a record: a program's first seconds are compilation.
for (let run = -1; run < runs; run++) {
  for (const [, subject] of subjects) await fill(subject, kind)
  await delay(100)
  const { caches } = await coordinator.attribute()
  for (const { name, released, settled } of run < 0 ? [] : caches) {
    const subject = subjects.get(name)
    await subject?.set('again', {})
    const worksAfterwards = ((await subject?.get('again')) ?? undefined) !== undefined
    report({
      name,
      totalBytes: released.totalBytes ?? NaN,
      settled: settled ?? false,
      worksAfterwards,
    } satisfies AdapterRow)
  }
}
await coordinator.close()
await server.stop()
