/** What the signer puts its name to: weight calls for one subnet of one chain, and nothing else. Pure. */
import { hexToU8a, u8aEq, u8aToHex } from '@polkadot/util';
import { decodeAddress } from '@polkadot/util-crypto/address';
import type { Hotkey } from '../ids.ts';
import { KNOWN_CALLS, type RuntimeCall } from './calls.ts';
import { decodeCall, type WeightCall } from './calls-bytes.ts';
import { eraPeriod, SignPayload, signedBytes } from './signer-payload.ts';
import { isProxyCall, unwrapProxy } from './signer-proxy.ts';

export interface SigningPolicy {
  /** Address of the key that signs. */
  readonly signer: Hotkey;
  readonly netuid: number;
  /** Hash of block 0, `0x` and 64 digits. */
  readonly genesisHash: string;
  /** The account that the signer is a proxy of; null where it signs for itself. */
  readonly proxyFor: Hotkey | null;
}

export type RefusalCode =
  | 'malformed'
  | 'another_account'
  | 'another_genesis'
  | 'transaction_version'
  | 'asset'
  | 'lasts_too_long'
  | 'tip'
  | 'not_a_weight_call'
  | 'not_by_proxy'
  | 'another_proxy'
  | 'another_netuid'
  | 'another_mechanism';

export type PolicyAnswer =
  | {
      readonly kind: 'allowed';
      readonly bytes: Uint8Array;
      readonly call: RuntimeCall;
      readonly content: WeightCall;
    }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly message: string };

/** Indices that the runtime fixes in its source (`call_index`), so that no metadata can give a number another meaning. */
const INDEX: Readonly<Record<string, number>> = {
  set_weights: 0,
  commit_crv3_weights: 99,
  commit_timelocked_weights: 113,
  commit_timelocked_mechanism_weights: 118,
  set_mechanism_weights: 119,
};
const SUBTENSOR_PALLET = 7;
export const SIGNED_CALLS: readonly RuntimeCall[] = KNOWN_CALLS.flatMap((known) => {
  const index = INDEX[known.name];
  return index === undefined ? [] : [{ ...known, pallet: SUBTENSOR_PALLET, index }];
});

/** For messages only: an operator who reads that a transfer was asked for knows that the App was broken into. */
const PALLETS: Readonly<Record<number, string>> = {
  0: 'System',
  5: 'Balances, which moves funds',
  [SUBTENSOR_PALLET]: 'SubtensorModule',
  11: 'Utility, which holds other calls',
  12: 'Sudo',
  13: 'Multisig',
  16: 'Proxy',
  19: 'AdminUtils',
};
/** Blocks that a signature stays good for; the setter uses 32. */
const MAX_ERA_BLOCKS = 64;
const TRANSACTION_VERSION = 1n;
const EXTRINSIC_VERSION = 4;
const MECHANISM = 0;

/** Decides on a `SignerPayloadJSON` of any origin; `bytes` are what is to be signed. Never throws. */
export function applyPolicy(payload: unknown, policy: SigningPolicy): PolicyAnswer {
  const parsed = SignPayload.safeParse(payload);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'payload'))].join(
      ', ',
    );
    return refused('malformed', `this is not a payload of polkadot-js: ${fields}`);
  }
  const framing = refuseFraming(parsed.data, policy);
  if (framing !== null) return framing;
  const inner = innerCall(parsed.data.method, policy);
  if ('kind' in inner) return inner;
  const decoded = decodeCall(inner.call, SIGNED_CALLS);
  if (!decoded.ok)
    return refused(
      'not_a_weight_call',
      `only weights are signed here: ${decoded.why}${palletNote(inner.call)}`,
    );
  const { netuid, mecid } = decoded.content;
  if (netuid !== policy.netuid)
    return refused(
      'another_netuid',
      `these weights are for netuid ${netuid}, and only ${policy.netuid} is signed for`,
    );
  if (mecid !== MECHANISM)
    return refused(
      'another_mechanism',
      `these weights are for mechanism ${mecid}, and only ${MECHANISM} is signed for`,
    );
  return {
    kind: 'allowed',
    bytes: signedBytes(parsed.data),
    call: decoded.call,
    content: decoded.content,
  };
}

type Refused = Extract<PolicyAnswer, { kind: 'refused' }>;

/** All but the call: account, chain, how long it stays good, what it costs. */
function refuseFraming(payload: SignPayload, policy: SigningPolicy): Refused | null {
  if (payload.address !== policy.signer)
    return refused('another_account', `this signs for ${policy.signer}, not for ${payload.address}`);
  if (!u8aEq(payload.genesisHash, hexToU8a(policy.genesisHash)))
    return refused(
      'another_genesis',
      `this is for the chain with genesis ${u8aToHex(payload.genesisHash)}, and only ${policy.genesisHash} is signed for`,
    );
  if (payload.version !== EXTRINSIC_VERSION || payload.transactionVersion !== TRANSACTION_VERSION)
    return refused(
      'transaction_version',
      `extrinsic version ${payload.version} and transaction version ${payload.transactionVersion} are not ${EXTRINSIC_VERSION} and ${TRANSACTION_VERSION}: the form of transactions has changed`,
    );
  if (payload.mode || payload.metadataHash != null || payload.assetId != null)
    return refused('asset', 'a metadata hash or a fee asset is asked for, and neither is signed');
  if (payload.tip !== 0n)
    return refused('tip', `a tip of ${payload.tip} is asked for, and weight calls are free`);
  return refuseEra(payload.era);
}

function refuseEra(era: Uint8Array): Refused | null {
  let period: number | null;
  try {
    period = eraPeriod(era);
  } catch (error) {
    return refused('malformed', (error as RangeError).message);
  }
  if (period !== null && period <= MAX_ERA_BLOCKS) return null;
  const lasting = period === null ? 'for ever' : `for ${period} blocks`;
  return refused(
    'lasts_too_long',
    `this would stay good ${lasting}, and ${MAX_ERA_BLOCKS} blocks are the most`,
  );
}

function innerCall(method: Uint8Array, { signer, proxyFor }: SigningPolicy): Refused | { call: Uint8Array } {
  if (proxyFor === null)
    return isProxyCall(method)
      ? refused('not_by_proxy', `${signer} signs for itself: it is configured as nobody's proxy`)
      : { call: method };
  if (!isProxyCall(method))
    return refused(
      'not_by_proxy',
      `${signer} is configured as the proxy of ${proxyFor}: only calls within proxy.proxy are signed${palletNote(method)}`,
    );
  const wrapped = unwrapProxy(method);
  if (wrapped === null)
    return refused(
      'another_proxy',
      'only proxy.proxy with the proxy type NonFungible and a plain account is signed',
    );
  if (!u8aEq(wrapped.real, decodeAddress(proxyFor)))
    return refused(
      'another_proxy',
      `this is in the name of ${u8aToHex(wrapped.real)}, and only ${proxyFor} is signed for`,
    );
  return { call: wrapped.call };
}

function palletNote([pallet]: Uint8Array): string {
  const name = pallet === undefined ? undefined : PALLETS[pallet];
  return name === undefined ? '' : ` (pallet ${pallet} is ${name})`;
}

function refused(code: RefusalCode, message: string): Refused {
  return { kind: 'refused', code, message };
}
