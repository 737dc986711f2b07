/** What an endpoint is called in messages and metrics: its origin, for the rest of an address may hold a provider's key. Pure. */
export function endpointName(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** Throws `RangeError` where a list of endpoints cannot be connected to, naming the place and not the address. */
export function checkEndpoints(urls: readonly string[]): void {
  if (urls.length === 0)
    throw new RangeError('no endpoint is configured: give at least one ws:// or wss:// address');
  urls.forEach((url, index) => {
    // a WebSocket takes no fragment
    if (!/^wss?:\/\/[^#]*$/.test(url) || !URL.canParse(url))
      throw new RangeError(`endpoint ${index + 1} is no ws:// or wss:// address`);
  });
}
