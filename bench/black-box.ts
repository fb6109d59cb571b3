/**
 * The black box: what it costs, and whether it says what happened.
 *
 *   node dist/bench/black-box.js [--node PATH]… [--seconds 30] [--kills 50] [--random 500] [--near 0] [--limit 250]
 *
 * Cost: slices with and without a box in one process, in turn, idle and with a fixed rate of requests. Kills: a service grows within
 * one synchronous stretch in a memory control group of `--limit` MiB until the kernel kills it (where none can be made, this process
 * kills it at that size); the postmortem has to name the cache and the function. Random: SIGKILL at random moments; every file
 * has to be readable. Near: a service grows in every turn until the kernel kills it in such a group, by turns without a box, with one
 * that does nothing near the limit, and with one that dumps there: the entries that it reached. Ends with 1 where something does not hold.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { postmortem } from '../src/profiling/index.js'
import { mean } from '../src/report/statistics.js'
import type { BlackBoxCost } from './black-box/service.js'
import { chosenNodes, flags, versionOf } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const SERVICE = fileURLToPath(new URL('black-box/service.js', import.meta.url))
const numberOf = (flag: string, fallback: number): number => Number(flags(flag)[0] ?? fallback)
const [seconds, kills, random] = [numberOf('seconds', 30), numberOf('kills', 50), numberOf('random', 500)]
const near = numberOf('near', 0)
const limitBytes = numberOf('limit', 250) * 2 ** 20
/** A heap profile is dumped near the limit where the profiler is active. */
const PROFILED = 'prof:true,prof_active:true'
/** Of one processor. */
const COST_MOST = 0.005
const folder = mkdtempSync(path.join(os.tmpdir(), 'black-box-'))

try {
  for (const node of chosenNodes()) {
    console.log(`### Node ${versionOf(node)}\n`)
    if (seconds > 0) await costs(node)
    if (kills > 0) await killed(node)
    if (random > 0) await killedAtRandom(node)
    if (near > 0) await nearLimit(node)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function start(node: string, group: string | null, ...args: string[]): ChildProcess {
  const env = {
    ...process.env,
    LD_PRELOAD: 'libjemalloc.so.2',
    MALLOC_CONF: args[1] === 'climb' ? PROFILED : undefined,
  }
  const program = [node, '--max-old-space-size=8000', SERVICE, ...args]
  const [command = '', ...rest] =
    group === null ? program : ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'sh', ...program]
  return spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'ignore'] })
}

async function costs(node: string): Promise<void> {
  const rows: (string | number)[][] = []
  for (const mode of ['idle', 'busy']) {
    const child = start(node, null, path.join(folder, mode), mode, String(seconds))
    const out = child.stdout === null ? '' : await text(child.stdout)
    const { threadShare, processShare } = JSON.parse(out) as BlackBoxCost
    rows.push([mode, percent(threadShare), percent(processShare)])
    verdict(
      `${mode}: recording takes ${percent(processShare)} of a processor (at most 0.5 %)`,
      processShare <= COST_MOST,
    )
  }
  printTable(['service', 'thread', 'process, with less without'], rows)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(3)} %`
}

async function killed(node: string): Promise<void> {
  const group = makeGroup()
  const misses: string[] = []
  for (let time = 0; time < kills; time++) {
    const file = path.join(folder, `kill-${String(time)}`)
    const child = start(node, group, file, 'grow')
    const signal = await untilKilled(child, group === null)
    const { headline, caches, ran, end } = postmortem(file)
    const isRight =
      end.kind === 'no-notice' &&
      caches[0]?.name === 'sessions' &&
      ran.innermost[0]?.function === 'rememberSessions' &&
      headline.some((sentence) => sentence.includes('"sessions"')) &&
      headline.some((sentence) => sentence.includes('rememberSessions'))
    if (!isRight || signal !== 'SIGKILL') misses.push(`${String(signal)}: ${headline.join(' ')}`)
    if (time === 0) console.log(`${headline.join('\n')}\n`)
    rmSync(file, { force: true })
  }
  if (group !== null) removeGroup(group)
  const how = group === null ? 'killed by SIGKILL at the limit' : 'killed by the kernel in a control group'
  verdict(
    `${how}: cache and function named ${String(kills - misses.length)} times of ${String(kills)}`,
    misses.length === 0,
  )
  for (const miss of misses.slice(0, 5)) console.log(miss)
}

/** Without a control group this process is the killer. */
async function untilKilled(child: ChildProcess, isOurs: boolean): Promise<string | null> {
  const ended = once(child, 'close') as Promise<[number | null, string | null]>
  const isOver = { yes: false }
  void ended.then(() => (isOver.yes = true))
  while (isOurs && !isOver.yes) {
    await delay(10)
    if (residentBytes(child.pid) > limitBytes) child.kill('SIGKILL')
  }
  const [code, signal] = await ended
  return signal ?? (code === 137 ? 'SIGKILL' : null)
}

function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ')[1]) * 4096
  } catch {
    return 0
  }
}

async function killedAtRandom(node: string): Promise<void> {
  const problems: string[] = []
  for (let time = 0; time < random; time++) {
    const file = path.join(folder, `random-${String(time)}`)
    const child = start(node, null, file, 'wait')
    // From before the file is there on.
    await delay(600 * Math.random())
    child.kill('SIGKILL')
    await once(child, 'close')
    try {
      if (existsSync(file) && !isEmpty(file)) postmortem(file)
    } catch (error) {
      problems.push(String(error))
    }
    rmSync(file, { force: true })
  }
  verdict(
    `SIGKILL at ${String(random)} random moments: ${String(problems.length)} unreadable files`,
    problems.length === 0,
  )
  for (const problem of problems.slice(0, 5)) console.log(problem)
}

/** Killed between the making of the file and its first byte. */
function isEmpty(file: string): boolean {
  return readFileSync(file)
    .subarray(0, 8)
    .every((byte) => byte === 0)
}

/** The rule must not have the kernel kill sooner. */
async function nearLimit(node: string): Promise<void> {
  const group = makeGroup()
  if (group === null) {
    console.log(
      'no control group can be made here: not measured whether the rule near the limit brings the kill nearer',
    )
    return
  }
  const kinds = ['none', 'plain', 'rule'] as const
  const reached: Record<(typeof kinds)[number], number[]> = { none: [], plain: [], rule: [] }
  const taken: string[] = []
  for (let time = 0; time < near; time++) {
    for (const kind of time % 2 === 0 ? kinds : kinds.toReversed()) {
      const file = path.join(folder, `near-${kind}-${String(time)}`)
      reached[kind].push(await entriesAtKill(start(node, group, file, 'climb', kind)))
      if (kind === 'rule') taken.push(...postmortem(file).events.map((event) => event.kind))
    }
  }
  removeGroup(group)
  const rows = kinds.map((kind) => {
    const { ratio, error } = ratioOf(reached[kind], reached.none)
    return [kind, mean(reached[kind]).toFixed(0), `${ratio.toFixed(4)} ± ${error.toFixed(4)}`]
  })
  printTable(['box', 'entries at the kill', 'against none'], rows)
  const counts = [...new Set(taken)].map((kind) => `${kind} ${String(taken.filter((each) => each === kind).length)}`)
  console.log(`${String(near)} kills each; what the rule did: ${counts.join(', ')}`)
  const { ratio, error } = ratioOf(reached.rule, reached.plain)
  verdict(
    `entries at the kill with the rule ÷ with a box alone: ${ratio.toFixed(4)} ± ${error.toFixed(4)} (not below 1 by more than two errors)`,
    ratio + 2 * error >= 1,
  )
}

async function entriesAtKill(child: ChildProcess): Promise<number> {
  let last = 0
  const ended = once(child, 'close')
  if (child.stdout !== null) for await (const line of createInterface({ input: child.stdout })) last = Number(line)
  await ended
  return last
}

/** With its standard error. */
function ratioOf(
  above: readonly number[],
  below: readonly number[],
): { readonly ratio: number; readonly error: number } {
  const ratio = mean(above) / mean(below)
  return { ratio, error: ratio * Math.hypot(relativeError(above), relativeError(below)) }
}

function relativeError(values: readonly number[]): number {
  const middle = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1)
  return Math.sqrt(variance / values.length) / middle
}

/** A memory control group of either version; null where none can be made here. */
function makeGroup(): string | null {
  const name = `cache-attribution-${String(process.pid)}`
  for (const [root, limit] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const group = path.join(root, name)
    try {
      if (!existsSync(path.join(root, 'cgroup.procs'))) continue
      mkdirSync(group)
      writeFileSync(path.join(group, limit), String(limitBytes))
      return group
    } catch {
      removeGroup(group)
    }
  }
  return null
}

function removeGroup(group: string): void {
  try {
    rmdirSync(group)
  } catch {
    // It was not there, or a process of it is not gone yet.
  }
}
