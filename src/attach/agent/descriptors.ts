/** Open files that wait until the command has read them, by its view of this process's descriptors. */
import type { UnnamedFile } from '../../support/unnamed-file.js'
import type { TaskContext } from './types.js'

const kept = new Map<number, () => void>()

/** Keeps a file open until it is asked for no more, or the agent goes. @returns what closes it before */
export function keepDescriptor(file: UnnamedFile, { onEnd }: Pick<TaskContext, 'onEnd'>): () => void {
  const close = (): void => {
    if (!kept.delete(file.descriptor)) return
    forget()
    file.close()
  }
  const forget = onEnd(close)
  kept.set(file.descriptor, close)
  return close
}

/** Closes one that was read. */
export function closeDescriptors(descriptor: number): void {
  kept.get(descriptor)?.()
}
