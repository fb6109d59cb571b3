/** The tasks of an agent, by name: each takes options as JSON and gives JSON. */
import { breakdown } from '../../breakdown/index.js'
import { byQuantity } from '../../measure/figures.js'
import { watchMajorGcs } from '../../measure/major-gcs.js'
import type { Discovery } from '../../report/discovery/types.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { openUnnamedFile } from '../../support/unnamed-file.js'
import type { UnnamedFile } from '../../support/unnamed-file.js'
import { describeProgress } from '../../twin/discover/discover-progress.js'
import type { DiscoverProgress } from '../../twin/discover/discover-progress.js'
import { discover } from '../../twin/discover/discover.js'
import { classHistogram, heapSnapshotInto } from '../../twin/heap-snapshot/in-twin.js'
import type { TwinOptions } from '../../twin/types.js'
import type { AgentTask } from '../protocol.js'
import { captureProfile } from './capture-profile.js'
import { closeDescriptors, keepDescriptor } from './descriptors.js'
import { attributeAll, coordinatorsHere } from './reports.js'
import { leave, read, request, serve } from './serve.js'
import type { OpenFile, Overview, TaskContext } from './types.js'
import { whenFree } from './when-free.js'

type Options = Readonly<Record<string, unknown>>
type Task = (options: Options, context: TaskContext) => unknown

/** By name. */
export const TASKS: Readonly<Record<AgentTask, Task>> = {
  overview: (options, context) => overview(options, context),
  discover: (options, context) => discovered(options, context),
  attribute: (options, context) => attributeAll(options, context),
  breakdown: (_options, context) => brokenDown(context),
  histogram: (options, context) => {
    context.progress('counting objects by class in a copy of the process')
    return whenFree(context, () => classHistogram({ ...options, ...twinOptions(context) }))
  },
  'heap-snapshot': (options, context) => snapshot(options, context),
  profile: (options, context) => captureProfile(options, context),
  'close-file': ({ descriptor }) => {
    closeDescriptors(Number(descriptor))
  },
  serve,
  request,
  read,
  leave,
}

async function overview(options: Options, context: TaskContext): Promise<Overview> {
  // A run collects: the breakdown behind it tells live from garbage, and what the caches hold.
  const unwatch = watchMajorGcs()
  const forget = context.onEnd(unwatch)
  const reports = await attributeAll({}, context)
  const tree = brokenDown(context)
  forget()
  unwatch()
  const discovery = await discovered(options, context).catch(withoutBudget)
  return { reports, discovery, breakdown: tree }
}

const BUDGETS: ReadonlySet<string> = new Set(['ERR_BUDGET_DURATION', 'ERR_BUDGET_MEMORY', 'ERR_BUDGET_PAUSE'])

/** The rest of an overview does not need owners. @throws unknown anything but the end of a budget */
function withoutBudget(error: unknown): Discovery {
  if (!(error instanceof CacheAttributionError && BUDGETS.has(error.code))) throw error
  return {
    owners: [],
    live: null,
    others: { count: 0, totalBytes: 0 },
    noise: byQuantity(() => null),
    durationMs: { walking: 0, measuring: 0 },
    warnings: [{ code: 'WARN_DISCOVERY_FAILED', message: `owners could not be found: ${error.message}` }],
  }
}

function discovered(options: Options, context: TaskContext): Promise<Discovery> {
  const onProgress = (progress: DiscoverProgress): void => {
    context.progress(describeProgress(progress))
  }
  return whenFree(context, () => discover({ ...options, ...twinOptions(context), onProgress }))
}

/** Null where the system does not say; the rest of an overview does not need it. */
function brokenDown({ pauses, progress }: TaskContext): Overview['breakdown'] {
  progress('reading where resident memory is')
  const [coordinator] = coordinatorsHere()
  return pauses.during(() => breakdown(coordinator === undefined ? {} : { coordinator }))
}

async function snapshot({ folders }: Options, context: TaskContext): Promise<OpenFile> {
  context.progress('writing a heap snapshot in a copy of the process')
  const file = openIn(folders as readonly string[])
  const drop = keepDescriptor(file, context)
  try {
    const bytes = await whenFree(context, () => heapSnapshotInto(file.descriptor, twinOptions(context)))
    return { descriptor: file.descriptor, bytes }
  } catch (error) {
    drop()
    throw error
  }
}

/** A file in the first folder that takes one. @throws CacheAttributionError `ERR_HEAP_SNAPSHOT_WRITE` */
function openIn(folders: readonly string[]): UnnamedFile {
  let refusal: unknown
  for (const folder of folders) {
    try {
      return openUnnamedFile(folder)
    } catch (error) {
      refusal ??= error
    }
  }
  const message = `the process can write to none of its folders (${folders.join(', ')}): ${messageOf(refusal)}`
  throw new CacheAttributionError('ERR_HEAP_SNAPSHOT_WRITE', message, { cause: refusal })
}

function twinOptions({ signal, pauses }: TaskContext): Pick<TwinOptions, 'signal' | 'onCost'> {
  return {
    signal,
    onCost: ({ pauseMs }) => {
      pauses.note(pauseMs)
    },
  }
}
