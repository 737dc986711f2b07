/** `proxy.proxy`: a call that one account makes for another which allowed it to, as `NonFungible` proxy. Pure. */

/** Proxy is pallet 16 of subtensor's runtimes and `proxy` its call 0. */
const PROXY_CALL = Buffer.from([16, 0]);
/** `MultiAddress::Id`. */
const ADDRESS_ID = Buffer.from([0]);
/** `Some(ProxyType::NonFungible)`: index 5, spelled NonFungibile up to spec 293. */
const NON_FUNGIBLE = Buffer.from([1, 5]);
const KEY_BYTES = 32;
const HEAD_BYTES = PROXY_CALL.length + ADDRESS_ID.length + KEY_BYTES + NON_FUNGIBLE.length;

/** The call of the proxy's account for the account of `real` (its public key). */
export function wrapInProxy(call: Uint8Array, real: Uint8Array): Uint8Array {
  if (real.length !== KEY_BYTES) throw new RangeError(`a public key has 32 bytes, not ${real.length}`);
  return Buffer.concat([PROXY_CALL, ADDRESS_ID, real, NON_FUNGIBLE, call]);
}

export const isProxyCall = (call: Uint8Array): boolean => PROXY_CALL.equals(call.subarray(0, 2));

/** What `wrapInProxy` put together; null for a call that is anything else. */
export function unwrapProxy(
  call: Uint8Array,
): { readonly real: Uint8Array; readonly call: Uint8Array } | null {
  const real = call.subarray(3, 3 + KEY_BYTES);
  const inner = call.subarray(HEAD_BYTES);
  const whole = call.length > HEAD_BYTES && Buffer.from(wrapInProxy(inner, real)).equals(call);
  return whole ? { real, call: inner } : null;
}
