/** Reports in files, as `--json` and histories write them. */
import { readFile } from 'node:fs/promises'
import { isReport } from '../history/record-faults.js'
import { upgradeReport } from '../history/upgrade.js'
import type { AttributionReport } from '../report/types.js'
import { CacheAttributionError, messageOf } from '../support/errors.js'

/** The one report of a file. @throws CacheAttributionError `ERR_HISTORY_FOLDER` */
export async function reportFromFile(file: string): Promise<AttributionReport> {
  const [report, ...others] = await reportsFromFile(file)
  if (report !== undefined && others.length === 0) return report
  throw new CacheAttributionError('ERR_HISTORY_FOLDER', `${file} holds ${String(others.length + 1)} reports, not one`)
}

/** The reports of a file: one, or a list of those of several coordinators. @throws CacheAttributionError `ERR_HISTORY_FOLDER` */
async function reportsFromFile(file: string): Promise<AttributionReport[]> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new CacheAttributionError('ERR_HISTORY_FOLDER', `the report in ${file} cannot be read: ${messageOf(error)}`)
  }
  const values: unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0 || !values.every(isReport)) {
    throw new CacheAttributionError('ERR_HISTORY_FOLDER', `${file} holds no report`)
  }
  return values.map(upgradeReport)
}
