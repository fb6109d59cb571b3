/** Answers of an admin endpoint. */
import { writeSync } from 'node:fs'
import type { Overview } from '../../attach/agent/types.js'
import type { AttachCost } from '../../attach/protocol.js'
import type { MemoryNode } from '../../report/breakdown/types.js'
import type { Discovery } from '../../report/discovery/types.js'
import type { AttributionReport } from '../../report/types.js'
import type { ThreadsReport } from '../../threads/types.js'
import type { ClassHistogram } from '../../twin/heap-snapshot/histogram.js'
import type { AdminClient } from '../../support/admin-client.js'
import type { Answerer, DiscoverQuestion } from './answerer.js'

/** One endpoint, asked. */
export class HttpAnswerer implements Answerer {
  readonly #client: AdminClient
  readonly #progress: (text: string) => void
  readonly #startMs = performance.now()
  readonly #leave = new AbortController()
  #longestPauseMs = 0

  constructor(client: AdminClient, progress: (text: string) => void) {
    this.#client = client
    this.#progress = progress
  }

  async overview(question: DiscoverQuestion): Promise<Overview> {
    const reports = await this.attribute()
    const breakdown = await this.breakdown()
    return { reports, discovery: await this.discover(question), breakdown }
  }

  async discover({ budget, ...question }: DiscoverQuestion): Promise<Discovery> {
    this.#progress('seeking owners in a copy of the process')
    return (await this.#post('discover', { ...question, ...budget })) as Discovery
  }

  async attribute(): Promise<readonly AttributionReport[]> {
    this.#progress('measuring registered caches in a copy of the process')
    const report = (await this.#post('attribution', { mode: 'twin' })) as AttributionReport
    this.#longestPauseMs = Math.max(this.#longestPauseMs, report.pauses.longestMs)
    return [report]
  }

  async attributeThreads(): Promise<ThreadsReport> {
    this.#progress('measuring registered caches, thread by thread, in copies of the process')
    return (await this.#post('threads', {})) as ThreadsReport
  }

  async breakdown(): Promise<MemoryNode | null> {
    this.#progress('reading where resident memory is')
    return (await this.#client.json({ method: 'GET', path: 'breakdown', signal: this.#leave.signal })) as MemoryNode
  }

  async histogram(question: { readonly limit?: number }): Promise<ClassHistogram> {
    this.#progress('counting objects by class in a copy of the process')
    return (await this.#post('heap-snapshot', { histogram: true, ...question })) as ClassHistogram
  }

  async heapSnapshot(file: number): Promise<number> {
    this.#progress('writing a heap snapshot in a copy of the process')
    const answer = await this.#client.open({ method: 'POST', path: 'heap-snapshot', signal: this.#leave.signal })
    let bytes = 0
    for await (const part of answer as AsyncIterable<Buffer>) bytes += writeSync(file, part)
    return bytes
  }

  cost(): Promise<AttachCost> {
    // The library is in the process anyway.
    const durationMs = performance.now() - this.#startMs
    return Promise.resolve({ longestPauseMs: this.#longestPauseMs, durationMs, agentBytes: 0 })
  }

  close(): Promise<void> {
    this.#leave.abort()
    return Promise.resolve()
  }

  #post(path: string, options: object): Promise<unknown> {
    const query = new URLSearchParams(
      Object.entries(options).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString()
    const withQuery = query === '' ? path : `${path}?${query}`
    return this.#client.json({ method: 'POST', path: withQuery, signal: this.#leave.signal })
  }
}
