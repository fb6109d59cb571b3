/** Making nodes, and finding them again. */
import type { MemoryNode } from './types.js'

/** A leaf. */
export function leaf(name: string, bytes: number, note?: string): MemoryNode {
  return { name, bytes, ...(note === undefined ? {} : { note }) }
}

/** A node of what it consists of; its bytes are theirs. */
export function branch(name: string, children: readonly MemoryNode[], note?: string): MemoryNode {
  const bytes = children.reduce((sum, child) => sum + child.bytes, 0)
  return { name, bytes, children, ...(note === undefined ? {} : { note }) }
}

/** The bytes of the node under these names, 0 where there is none. */
export function bytesAt(root: MemoryNode, ...names: readonly string[]): number {
  let node: MemoryNode | undefined = root
  for (const name of names) node = node?.children?.find((child) => child.name === name)
  return node?.bytes ?? 0
}

/** The bytes of every node of this name below, whatever stands between; none of them lies in another. */
export function bytesOfAll(root: MemoryNode | undefined, name: string): number {
  if (root === undefined) return 0
  if (root.name === name) return root.bytes
  return (root.children ?? []).reduce((sum, child) => sum + bytesOfAll(child, name), 0)
}
