/** The common parts of the tests of histories: temporary folders, a clock of one's own, collected warnings. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ReportHistory, readHistory } from '../../src/history/index.js'
import type { HistoryOptions, HistoryRecord, HistoryWarning } from '../../src/history/index.js'
import type { HistoryClock } from '../helpers/internals/history.js'

/** A folder that is removed after the test. */
export function historyFolders(): () => string {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })
  return () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'history-test-'))
    folders.push(folder)
    return folder
  }
}

/** A clock that moves when told to; the wall clock may be set apart. */
export class FakeClock implements HistoryClock {
  ms = 0
  wallMs = Date.UTC(2026, 0, 1)

  now(): number {
    return this.ms
  }

  date(): Date {
    return new Date(this.wallMs)
  }

  pass(ms: number): void {
    this.ms += ms
    this.wallMs += ms
  }
}

/** A history and the codes of its warnings. */
export async function openHistory(
  folder: string,
  options: HistoryOptions = {},
): Promise<{ history: ReportHistory; warnings: HistoryWarning[] }> {
  const warnings: HistoryWarning[] = []
  const history = await ReportHistory.open(folder, { onWarning: (warning) => warnings.push(warning), ...options })
  return { history, warnings }
}

/** Everything in a folder. */
export async function recordsIn(
  folder: string,
  onWarning?: (warning: HistoryWarning) => void,
): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = []
  for await (const record of readHistory(folder, { onWarning })) records.push(record)
  return records
}

/** Ids of the reports in a folder. */
export async function idsIn(folder: string): Promise<string[]> {
  return (await recordsIn(folder)).flatMap((record) => (record.kind === 'report' ? [record.report.id] : []))
}

/** The files of a history and their lines. */
export function linesIn(folder: string): { name: string; lines: string[] }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ndjson'))
    .map((name) => ({
      name,
      lines: readFileSync(path.join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    }))
}
