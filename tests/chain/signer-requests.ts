/** Requests for signatures, as polkadot-js makes them, and the calls in them. */
import { TypeRegistry } from '@polkadot/types';
import { hexToU8a, u8aToHex } from '@polkadot/util';
import { blake2AsU8a } from '@polkadot/util-crypto/blake2';
import { KNOWN_CALLS, type RuntimeCall } from '../../app/chain/calls.ts';
import { encodeCall, type WeightCall } from '../../app/chain/calls-bytes.ts';
import { HotkeyPair } from '../../app/chain/keyfile-pair.ts';
import type { SigningPolicy } from '../../app/chain/signer-policy.ts';

export const PAIR = HotkeyPair.fromMiniSecret(Buffer.alloc(32, 7));
export const OTHER = HotkeyPair.fromMiniSecret(Buffer.alloc(32, 8));
/** Block 0 of Bittensor's main network. */
export const FINNEY = '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03';
export const POLICY: SigningPolicy = {
  signer: PAIR.hotkey,
  netuid: 7,
  genesisHash: FINNEY,
  proxyFor: null,
};

/** `setMechanismWeights(7, 0, [2,3,4,5], [65535,27306,10922,5461], 0)` on the metadata of spec 393. */
export const WEIGHTS = '0x077707000010020003000400050010ffffaa6aaa2a55150000000000000000';
/** `balances.transferKeepAlive` of 1 TAO to `OTHER`. */
export const TRANSFER = `0x050300${u8aToHex(OTHER.publicKey).slice(2)}02286bee`;

/** The request of api 16.5.6 for a call on spec 393, with what the test says of it. */
export function aRequest(overrides: Record<string, unknown> = {}) {
  return {
    address: PAIR.hotkey as string,
    assetId: null,
    blockHash: `0x${'22'.repeat(32)}`,
    blockNumber: '0x000003e8',
    era: '0x8500',
    genesisHash: FINNEY,
    metadataHash: null,
    method: WEIGHTS,
    mode: 0,
    nonce: '0x00000003',
    signedExtensions: [
      'CheckNonZeroSender',
      'CheckSpecVersion',
      'CheckTxVersion',
      'CheckGenesis',
      'CheckMortality',
      'CheckNonce',
      'CheckWeight',
      'ChargeTransactionPayment',
      'SudoTransactionExtension',
      'CheckShieldedTxValidity',
      'SubtensorTransactionExtension',
      'DrandPriority',
      'CheckMetadataHash',
    ],
    specVersion: '0x00000189',
    tip: '0x00000000000000000000000000000000',
    transactionVersion: '0x00000001',
    version: 4,
    withSignedTransaction: false,
    ...overrides,
  };
}

/** The call of that name at an index of SubtensorModule, in hex. */
export function aCall(name: string, index: number, content: WeightCall): string {
  const known = KNOWN_CALLS.find((call) => call.name === name);
  if (known === undefined) throw new Error(`no call ${name}`);
  const call: RuntimeCall = { ...known, pallet: 7, index };
  return u8aToHex(encodeCall(call, content));
}

export const bytesOf = (hex: string): Uint8Array => hexToU8a(hex);

/** What polkadot-js signs for the same request: it gets the names of the extensions and works out the rest itself. */
export function signedByPolkadot(request: ReturnType<typeof aRequest>): Uint8Array {
  const registry = new TypeRegistry();
  const noBytes = request.signedExtensions.filter((name) => !/^(Check(?!Shielded)|Charge)/.test(name));
  registry.setSignedExtensions(
    request.signedExtensions,
    Object.fromEntries(noBytes.map((name) => [name, { extrinsic: {}, payload: {} }])),
  );
  const bytes = registry
    .createTypeUnsafe('ExtrinsicPayload', [request, { version: 4 }])
    .toU8a({ method: true } as never);
  return bytes.length > 256 ? blake2AsU8a(bytes) : bytes;
}
