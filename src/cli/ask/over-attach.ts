/** Answers of the agent that was brought into a process. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { OpenFile, Overview } from '../../attach/agent/types.js'
import { temporaryFolders } from '../../attach/client/addon-file.js'
import type { Attachment } from '../../attach/client/attachment.js'
import { discoverWorkers } from '../../attach/client/discover-workers.js'
import type { AttachCost } from '../../attach/protocol.js'
import type { MemoryNode } from '../../report/breakdown/types.js'
import type { Discovery } from '../../report/discovery/types.js'
import type { AttributionReport } from '../../report/types.js'
import { CacheAttributionError } from '../../support/errors.js'
import type { ClassHistogram } from '../../twin/heap-snapshot/histogram.js'
import { usageError } from '../arguments.js'
import type { ThreadsReport } from '../../threads/types.js'
import type { Answerer, DiscoverQuestion } from './answerer.js'

const CHUNK_BYTES = 1024 * 1024

/** One attachment, asked. */
export class AttachAnswerer implements Answerer {
  readonly #attachment: Attachment

  constructor(attachment: Attachment) {
    this.#attachment = attachment
  }

  async overview({ threads, ...question }: DiscoverQuestion): Promise<Overview> {
    const overview = (await this.#attachment.ask('overview', { ...question })) as Overview
    return threads === undefined ? overview : { ...overview, discovery: await this.#inWorkers(overview, question) }
  }

  async discover({ threads, ...question }: DiscoverQuestion): Promise<Discovery> {
    const discovery = (await this.#attachment.ask('discover', { ...question })) as Discovery
    return threads === undefined ? discovery : this.#inWorkers({ discovery }, question)
  }

  #inWorkers({ discovery }: Pick<Overview, 'discovery'>, question: DiscoverQuestion): Promise<Discovery> {
    return discoverWorkers(this.#attachment, discovery, question)
  }

  async attribute(): Promise<readonly AttributionReport[]> {
    return (await this.#attachment.ask('attribute')) as readonly AttributionReport[]
  }

  attributeThreads(): Promise<ThreadsReport> {
    const { pid } = this.#attachment.target
    const reason = `"attribute --threads" asks an admin endpoint, and process ${String(pid)} has none: start it with cache-attribution/auto, or ask with "discover --threads"`
    return Promise.reject(usageError(reason))
  }

  async breakdown(): Promise<MemoryNode | null> {
    return (await this.#attachment.ask('breakdown')) as MemoryNode | null
  }

  async histogram(question: { readonly limit?: number }): Promise<ClassHistogram> {
    return (await this.#attachment.ask('histogram', question)) as ClassHistogram
  }

  /** The file has no name there: it is read through the process's descriptor, and is gone with it. */
  async heapSnapshot(file: number): Promise<number> {
    const { target } = this.#attachment
    const options = { folders: temporaryFolders(target) }
    const { descriptor, bytes } = (await this.#attachment.ask('heap-snapshot', options)) as OpenFile
    copy(`${target.folder}/fd/${String(descriptor)}`, file, bytes)
    await this.#attachment.ask('close-file', { descriptor })
    return bytes
  }

  cost(): Promise<AttachCost> {
    return this.#attachment.cost()
  }

  close(): Promise<void> {
    return this.#attachment.close()
  }
}

function copy(from: string, to: number, bytes: number): void {
  const source = openSync(from, 'r')
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (let position = 0; position < bytes;) {
      const read = readSync(source, chunk, 0, chunk.length, position)
      if (read === 0)
        throw new CacheAttributionError('ERR_HEAP_SNAPSHOT_WRITE', 'the file of the process ends too early')
      for (let written = 0; written < read;) written += writeSync(to, chunk, written, read - written)
      position += read
    }
  } finally {
    closeSync(source)
  }
}
