/** Content negotiation: which of the forms that can be made the request likes best. Pure. */
import { HttpProblem } from './problem.js'

/** A range of an Accept header. */
interface MediaRange {
  readonly type: string
  readonly quality: number
}

/**
 * The best of `offers`; of equally good ones the first. Without the header anything is accepted.
 *
 * @throws HttpProblem `ERR_HTTP_NOT_ACCEPTABLE`
 */
export function negotiate<Offer extends string>(accept: string | null, offers: readonly Offer[]): Offer {
  const ranges = accept === null || accept.trim() === '' ? ANYTHING : parse(accept)
  let best: Offer | undefined
  let bestQuality = 0
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges)
    if (quality > bestQuality) [best, bestQuality] = [offer, quality]
  }
  if (best === undefined) {
    throw new HttpProblem('ERR_HTTP_NOT_ACCEPTABLE', `this address answers with ${offers.join(', ')}`, {
      extra: { choices: offers },
    })
  }
  return best
}

const ANYTHING: readonly MediaRange[] = [{ type: '*/*', quality: 1 }]

/** A header that cannot be read is passed over. */
function parse(accept: string): MediaRange[] {
  return accept.split(',').flatMap((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
    return type.includes('/') && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(given)
      ? [{ type, quality: Number(given) }]
      : []
  })
}

/** The most specific range that covers the offer says how good it is. */
function qualityOf(offer: string, ranges: readonly MediaRange[]): number {
  for (const wanted of [offer, `${offer.split('/', 1)[0] ?? ''}/*`, '*/*']) {
    const range = ranges.find(({ type }) => type === wanted)
    if (range !== undefined) return range.quality
  }
  return 0
}
