/** Reads `text/event-stream` from pieces of text, however they were cut. */

/** One event. */
export interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

/** A reader of one stream. */
export interface EventReader {
  /** Takes the next piece, gives the events that it completes. */
  push(text: string): ServerSentEvent[]
}

/** @returns a reader that has seen nothing yet */
export function createEventReader(): EventReader {
  let rest = ''
  let event = ''
  let data: string[] = []
  const take = (line: string): ServerSentEvent | undefined => {
    if (line === '') {
      const complete =
        data.length === 0 ? undefined : { event: event === '' ? 'message' : event, data: data.join('\n') }
      event = ''
      data = []
      return complete
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    return undefined
  }
  return {
    push: (text) => {
      const lines = (rest + text).split(/\r\n|\n|\r(?=[^\n])/)
      rest = lines.pop() ?? ''
      return lines.map(take).filter((complete) => complete !== undefined)
    },
  }
}
