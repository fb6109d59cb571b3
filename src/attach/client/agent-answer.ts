/** The answer of an agent. */
import { CacheAttributionError, ERROR_CODES } from '../../support/errors.js'
import type { ErrorCode } from '../../support/errors.js'
import type { AgentAnswer } from '../protocol.js'

/** @throws CacheAttributionError with the code that the agent gave, where it is one of this library */
export function valueOfAnswer(answer: AgentAnswer): unknown {
  if ('value' in answer) return answer.value
  const { code, message } = answer.error
  if (code === null || !Object.hasOwn(ERROR_CODES, code)) {
    throw new CacheAttributionError('ERR_ATTACH_AGENT', `the agent failed in the process: ${message}`)
  }
  throw new CacheAttributionError(code as ErrorCode, message)
}
