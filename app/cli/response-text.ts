/** The body of an answer, as long as it is of a length that a Referee has reason for. */

/** A thousand ranked submissions are a megabyte. */
export const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

/** The text of the body; null, without the rest of it being read, where it is longer than `MAX_RESPONSE_BYTES`. */
export async function responseText(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // leaving the loop early cancels the stream
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_RESPONSE_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
