/**
 * The agents of this process: the first to come makes the list, the last to go takes it away and closes the inspector.
 *
 * Rule: the list is the only thing of an attach that others can see, it is not enumerable, and nothing is left of it behind
 * the last agent.
 */
import inspector from 'node:inspector'
import { ownTimers } from '../../support/own-timers.js'
import { AGENTS_KEY } from '../protocol.js'

interface AgentList {
  /** A token of each: the agents themselves are no memory that anybody should find here. */
  readonly agents: Set<symbol>
  /** Whether an attach opened the inspector. */
  opened: boolean
}

type Holder = Partial<Record<typeof KEY, AgentList | undefined>>

const KEY = Symbol.for(AGENTS_KEY)
/** An object that every agent reaches: an application may have frozen its globals. */
const holder = inspector as Holder
/** The answer to the last question goes out first. */
const CLOSE_MS = 20

/** Adds an agent; `opened` says that the inspector was opened for it. */
export function joinAgents(agent: symbol, opened: boolean): void {
  let list = holder[KEY]
  if (list === undefined) {
    list = { agents: new Set(), opened: false }
    Object.defineProperty(holder, KEY, { value: list, configurable: true, enumerable: false })
  }
  list.agents.add(agent)
  list.opened ||= opened
}

/** Takes an agent away; a second call does nothing. @returns whether the inspector is going to be closed */
export function leaveAgents(agent: symbol): boolean {
  const list = holder[KEY]
  if (list?.agents.delete(agent) !== true || list.agents.size > 0) return false
  Reflect.deleteProperty(holder, KEY)
  if (!list.opened) return false
  ownTimers
    .setTimeout(() => {
      // Somebody else may have come meanwhile.
      const newcomer = holder[KEY]
      if (newcomer === undefined) inspector.close()
      else newcomer.opened = true
    }, CLOSE_MS)
    .unref()
  return true
}
