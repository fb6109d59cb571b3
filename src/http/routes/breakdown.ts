/** `GET /breakdown`: where all of RSS is. It walks every page (docs/breakdown.md says what that costs), and releases nothing. */
import { breakdown } from '../../breakdown.js'
import { formatBreakdown } from '../../report/breakdown/format.js'
import { negotiate } from '../accept.js'
import { JSON_TYPE, json, text } from '../respond.js'
import type { Action } from './route.js'

/** The tree as JSON (a `MemoryNode`), or as text. */
export const showBreakdown: Action = ({ coordinator }, { request, timings }) => {
  const form = negotiate(request.headers.get('accept'), [JSON_TYPE, 'text/plain'])
  const startMs = performance.now()
  const tree = breakdown({ coordinator })
  timings.add('breakdown', performance.now() - startMs)
  return form === 'text/plain' ? text(formatBreakdown(tree, { color: false })) : json(tree)
}
