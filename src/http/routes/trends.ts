/** `GET /trends`: what grows, how fast, and how sure that is, by the history that the mounting code gave. */
import { trendsText } from '../../report/trends/format.js'
import { negotiate } from '../accept.js'
import { HttpProblem } from '../problem.js'
import { JSON_TYPE, json, text } from '../respond.js'
import type { Action } from './route.js'

/** The trends as JSON, or as text. */
export const showTrends: Action = async ({ settings }, { request, timings }) => {
  const form = negotiate(request.headers.get('accept'), [JSON_TYPE, 'text/plain'])
  const { history } = settings
  if (history === undefined) throw new HttpProblem('ERR_HTTP_NOT_FOUND', 'this handler was given no history')
  const trends = await timings.time('trends', () => history.trends())
  return form === 'text/plain' ? text(trendsText(trends)) : json(trends)
}
