/** Makes a folder with the parents that are missing. */
import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'

/** Rights that only the service's user has. */
const PRIVATE = 0o700

/**
 * Makes `folder` for this user alone (0700), and what is missing above it with the usual mode. A folder that is there already
 * keeps its mode.
 *
 * Rule: each level is tried once or twice. `mkdir` with `recursive` takes ENOENT for a missing parent, and tries for ever below a
 * folder that takes none, such as /proc.
 *
 * @throws Error of the system: `EACCES`, `ENOENT` below a folder that takes none, `ENOTDIR`, `EEXIST` where a file has the name …
 */
export async function makeFolder(folder: string): Promise<void> {
  await makeLevel(path.resolve(folder), PRIVATE)
}

async function makeLevel(folder: string, mode: number | undefined): Promise<void> {
  const failure = await tryMkdir(folder, mode)
  if (failure === null) return
  const parent = path.dirname(folder)
  if (failure.code !== 'ENOENT' || parent === folder) throw failure
  await makeLevel(parent, undefined)
  const second = await tryMkdir(folder, mode)
  if (second !== null) throw second
}

/** Null where the folder stands now. */
async function tryMkdir(folder: string, mode: number | undefined): Promise<NodeJS.ErrnoException | null> {
  try {
    await mkdir(folder, { mode })
    return null
  } catch (error) {
    // A read-only or guarded parent may answer otherwise for a folder that is there.
    const isThere = await stat(folder).then(
      (stats) => stats.isDirectory(),
      () => false,
    )
    return isThere ? null : (error as NodeJS.ErrnoException)
  }
}
