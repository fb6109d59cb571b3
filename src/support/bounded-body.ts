/** The body of an answer, as far as somebody wants to hold it in memory. */

/**
 * Reads to the end.
 *
 * @param tooLong makes the error where there are more bytes than `mostBytes`
 */
export async function boundedBody(
  body: AsyncIterable<Uint8Array>,
  mostBytes: number,
  tooLong: () => Error,
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    // Leaving the loop ends the answer.
    if (length > mostBytes) throw tooLong()
    parts.push(part)
  }
  return Buffer.concat(parts)
}
