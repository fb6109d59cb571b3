/**
 * Parameters, as a query or as JSON: one table says what each is, so that both mean the same.
 *
 * Rule: a parameter that is not known, is given twice (in the query, or there and in the body), or is not written as its
 * kind is, is refused. Values are judged by those who take them.
 */
import { describe } from '../../support/errors.js'
import { nearestName } from '../../support/options.js'
import { decodeName } from './encoded-name.js'
import { HttpProblem } from './problem.js'

/** How a parameter is written in a query; in JSON it is what the option is. `names` may be repeated; `object` and `limits` are budgets. */
export type ParameterKind = 'text' | 'number' | 'names' | 'flag' | 'object' | 'limits'

/** Name → kind. A `budget.pauseMs` is `pauseMs` in a query and a member of `budget` in JSON. */
export type ParameterKinds = Readonly<Record<string, ParameterKind>>

const BUDGET_PARAMETERS = { pauseMs: 'number', durationMs: 'number' } as const satisfies ParameterKinds
const LIMITS_PARAMETERS = { ...BUDGET_PARAMETERS, memoryBytes: 'number' } as const satisfies ParameterKinds

/** Those of `budget`, in a query. */
export function budgetParameters({ budget }: ParameterKinds): ParameterKinds {
  return budget === 'limits' ? LIMITS_PARAMETERS : budget === 'object' ? BUDGET_PARAMETERS : {}
}

/** Query and body as one object. @throws HttpProblem `ERR_HTTP_PARAMETER`, `ERR_OPTION_UNKNOWN` */
export function parametersOf(
  url: URL,
  body: Readonly<Record<string, unknown>>,
  kinds: ParameterKinds,
): Record<string, unknown> {
  const given = fromQuery(url, kinds)
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(kinds, name)) throw unknownParameter(name, Object.keys(kinds))
    if (Object.hasOwn(given, name)) throw refused(name, 'is given in the query and in the body')
    given[name] = value
  }
  return given
}

function fromQuery(url: URL, kinds: ParameterKinds): Record<string, unknown> {
  const query = decoded(url.search)
  const ofBudget = budgetParameters(kinds)
  const known: ParameterKinds = { ...kinds, ...ofBudget }
  const given: Record<string, unknown> = {}
  const budget: Record<string, unknown> = {}
  for (const [name, values] of query) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined
    if (kind === undefined || isBudget(kind)) {
      throw unknownParameter(
        name,
        Object.keys(known).filter((key) => !isBudget(known[key])),
      )
    }
    const value = parsed(name, kind, values)
    if (Object.hasOwn(ofBudget, name)) budget[name] = value
    else given[name] = value
  }
  return Object.keys(budget).length === 0 ? given : { ...given, budget }
}

function isBudget(kind: ParameterKind | undefined): kind is 'object' | 'limits' {
  return kind === 'object' || kind === 'limits'
}

/** The parameters and their values. Refuses a query that could be decoded in more than one way. */
function decoded(search: string): Map<string, string[]> {
  const query = new Map<string, string[]>()
  try {
    for (const pair of search.slice(1).split('&')) {
      const [name = '', ...value] = pair.replaceAll('+', ' ').split('=')
      if (pair === '') continue
      const key = decodeName(name)
      query.set(key, [...(query.get(key) ?? []), decodeName(value.join('='))])
    }
    return query
  } catch {
    throw new HttpProblem('ERR_HTTP_PARAMETER', 'the query is not percent-encoded UTF-8')
  }
}

function parsed(name: string, kind: Exclude<ParameterKind, 'object' | 'limits'>, values: readonly string[]): unknown {
  if (kind === 'names') return values
  const [value = ''] = values
  if (values.length > 1) throw refused(name, `is given ${String(values.length)} times`)
  if (kind === 'text') return value
  if (kind === 'number') {
    if (!/^-?\d{1,20}(?:\.\d{1,20})?$/.test(value)) throw refused(name, `must be a number, got ${describe(value)}`)
    return Number(value)
  }
  if (!['', 'true', 'false'].includes(value)) throw refused(name, `must be true or false, got ${describe(value)}`)
  return value !== 'false'
}

function refused(name: string, problem: string): HttpProblem {
  return new HttpProblem('ERR_HTTP_PARAMETER', `"${name}" ${problem}`)
}

function unknownParameter(name: string, known: readonly string[]): HttpProblem {
  const nearest = nearestName(name, known)
  const hint =
    nearest !== undefined
      ? `did you mean "${nearest}"?`
      : known.length === 0
        ? 'none is taken'
        : `known are ${known.join(', ')}`
  return new HttpProblem('ERR_OPTION_UNKNOWN', `there is no parameter ${describe(name)}: ${hint}`)
}
