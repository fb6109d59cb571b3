/**
 * The black box of `auto`: opened before the program begins, and what the last life of the program left is said.
 *
 * Rule: it never throws: a program without its box runs on.
 */
import { mkdirSync } from 'node:fs'
import { Coordinator } from '../coordinator/coordinator.js'
import { BlackBox } from '../profiling/black-box/black-box.js'
import type { Postmortem } from '../profiling/black-box/types.js'

/** The box that `auto` has opened in this process. */
let recording: BlackBox | undefined

/** Opens it in a folder, which is made if only it is missing. */
export async function recordBlackBox(folder: string): Promise<void> {
  makeFolder(folder)
  recording = await BlackBox.open(folder, { coordinator: Coordinator.default() })
}

/** The open box; undefined where there is none. */
export function recordedBox(): BlackBox | undefined {
  return recording
}

/** How the last life of the program ended, where it ended without notice; null otherwise. */
export function unnoticedEnd(): Postmortem | null {
  const lastLife = recording?.lastLife ?? null
  return lastLife?.end.kind === 'no-notice' ? lastLife : null
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error
  }
}
