/** The address of a Referee, as a person or a workflow wrote it. Pure. */

/**
 * The address without trailing slashes. Throws with what to write instead. Tokens travel there and what to sign comes from
 * there, so plain http is for loopback only.
 */
export function parseAppUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('not a URL; write https://host');
  }
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))
    throw new Error('https is wanted (http only for 127.0.0.1 and localhost)');
  if (url.username || url.password || url.search || url.hash)
    throw new Error('no user, query or fragment belongs in it');
  return url.href.replace(/\/+$/, '');
}
