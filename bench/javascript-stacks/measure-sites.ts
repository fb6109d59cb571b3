/** Captures while the sites allocate: what the table by line says of the line of each. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { callTree } from '../../src/heap-profile/output/call-tree.js'
import { topTable } from '../../src/heap-profile/index.js'
import { totalOf } from '../../src/heap-profile/profile/columns-of.js'
import type { HeapProfile } from '../../src/heap-profile/index.js'
import { HeapProfiler, supportsJavaScriptStacks } from '../../src/profiling/index.js'
import { report } from '../support/processes.js'
import { allocate, truth } from './sites.js'

/** A site, with what lives of it and what the profile says. */
interface SiteResult {
  readonly site: string
  readonly truthBytes: number
  readonly bytes: number
  readonly uncertaintyBytes: number
}

export interface SitesResult {
  /** Why stacks have no JavaScript here; null where they have. */
  readonly reason: string | null
  readonly sites: readonly SiteResult[]
  /** By how much the rows and the boxes of the flame graph differ from the whole, in bytes. */
  readonly sumError: number
}

const TIMES = Number(process.argv[2])
/** Longer than the sites take: an abort loses the capture. */
const SECONDS = Number(process.argv[3])
const LINE = /\((.*(?:sites|site-worker)\.ts):(\d+)\)$/

const folder = mkdtempSync(path.join(tmpdir(), 'sites-'))
try {
  const file = path.join(folder, 'read')
  writeFileSync(file, Buffer.alloc(112 * 1024))
  report(await measured(file))
} finally {
  rmSync(folder, { recursive: true })
}

async function measured(file: string): Promise<SitesResult> {
  const { reason } = supportsJavaScriptStacks()
  const profiler = new HeapProfiler()
  const capture = profiler.capture({ seconds: SECONDS, gc: true })
  await delay(50)
  const worker = await allocate(TIMES, file)
  const profile = await capture
  await worker.terminate()
  await profiler.close()
  const found = bySite(profile)
  const sites = Array.from(truth, ([site, truthBytes]) => ({
    site,
    truthBytes,
    ...(found.get(site) ?? { bytes: 0, uncertaintyBytes: 0 }),
  }))
  return { reason, sites, sumError: sumErrorOf(profile) }
}

/** Rows of the table by line whose line has a mark. */
function bySite(profile: HeapProfile): Map<string, Pick<SiteResult, 'bytes' | 'uncertaintyBytes'>> {
  const sites = new Map<string, { bytes: number; uncertaintyBytes: number }>()
  const sources = ['sites.ts', 'site-worker.ts'].map((name) => [name, sourceOf(name)] as const)
  for (const { name, cumulative, cumulativeUncertainty } of topTable(profile, { by: 'line' }).rows) {
    const [, file = '', line = ''] = LINE.exec(name) ?? []
    const lines = sources.find(([source]) => path.basename(file) === source)?.[1]
    const site = /\/\/ site (\w+)$/.exec(lines?.[Number(line) - 1] ?? '')?.[1]
    if (site === undefined) continue
    const known = sites.get(site) ?? { bytes: 0, uncertaintyBytes: 0 }
    // Calls on one line are rows of their own, one below the other: the largest has them all.
    if (cumulative > known.bytes) sites.set(site, { bytes: cumulative, uncertaintyBytes: cumulativeUncertainty ?? NaN })
  }
  return sites
}

function sourceOf(name: string): string[] {
  return readFileSync(new URL(`../../../bench/javascript-stacks/${name}`, import.meta.url), 'utf8').split('\n')
}

function sumErrorOf(profile: HeapProfile): number {
  const total = totalOf(profile)
  const tree = callTree(profile, { type: 'inuse_space', allocatorFrames: false })
  const ofRows = topTable(profile).rows.reduce((sum, { flat }) => sum + flat, 0)
  const ofBoxes = tree.self.reduce((sum, own) => sum + own, 0)
  return Math.max(Math.abs(ofRows - total), Math.abs(ofBoxes - total))
}
