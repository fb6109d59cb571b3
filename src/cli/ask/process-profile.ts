/** A heap profile of a process by its id: from the endpoint that it has on a socket, or by the agent. */
import v8 from 'node:v8'
import { Attachment } from '../../attach/client/attachment.js'
import { parseAnyProfile } from '../../heap-profile/profile/parse-any-profile.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import type { CaptureKind } from '../../profiling/profiler/options.js'
import { findAdminSocket } from '../../support/admin-socket.js'
import { CacheAttributionError } from '../../support/errors.js'
import { AdminClient } from '../../support/admin-client.js'
import { EarlyEnd } from './early-end.js'

const DEFAULT_SECONDS = 30
const PPROF_PATH = '/debug/pprof/heap'

/** The kind of memory that is sampled. */
export interface ProfileQuestion {
  /** @default 30 */
  readonly seconds: number | undefined
  /** @default native memory where jemalloc was started with profiling, else V8's heap */
  readonly kind: CaptureKind | undefined
  /** Whether the youngest are left out. */
  readonly leak: boolean
  /** Whether what is freed meanwhile is counted, too. */
  readonly temporary: boolean
}

/** @throws CacheAttributionError `ERR_ATTACH_*`, and what the profiler refuses there */
export async function profileOfProcess(
  pid: number,
  question: ProfileQuestion,
  log: (text: string) => void,
): Promise<HeapProfile> {
  const asked = { ...question, seconds: question.seconds ?? DEFAULT_SECONDS }
  return (await servedProfile(pid, asked, log)) ?? (await attachedProfile(pid, asked, log))
}

async function attachedProfile(
  pid: number,
  question: ProfileQuestion,
  log: (text: string) => void,
): Promise<HeapProfile> {
  const attachment = await Attachment.open(pid, { progress: log })
  const earlyEnd = new EarlyEnd(() => attachment.close())
  try {
    const serialized = (await earlyEnd.guard(attachment.ask('profile', { ...question }))) as string
    return v8.deserialize(Buffer.from(serialized, 'base64')) as HeapProfile
  } finally {
    earlyEnd.stop()
    await attachment.close()
  }
}

/** Null where the process has no endpoint, or one without profiles: `auto` serves them where jemalloc profiles. */
async function servedProfile(
  pid: number,
  { seconds, kind, leak, temporary }: ProfileQuestion,
  log: (text: string) => void,
): Promise<HeapProfile | null> {
  const socketPath = await findAdminSocket(pid)
  if (socketPath === null) return null
  const client = new AdminClient({ socketPath }, undefined)
  try {
    const query = new URLSearchParams({
      seconds: String(seconds),
      ...(kind === undefined ? {} : { kind }),
      ...(leak ? { leak: '1' } : {}),
      ...(temporary ? { temporary: '1' } : {}),
    })
    log(`asking the endpoint of the process for what it allocates in ${String(seconds)} s`)
    return await parseAnyProfile(await client.bytes({ method: 'GET', path: `${PPROF_PATH}?${query.toString()}` }))
  } catch (error) {
    if (isOfProfiler(error)) throw error
    return null
  }
}

/** An agent would be refused likewise. */
function isOfProfiler(error: unknown): boolean {
  return error instanceof CacheAttributionError && /^ERR_PROFIL(?:E|ER|ING)_/.test(error.code)
}
