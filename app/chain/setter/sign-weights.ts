/** From a draft to signed bytes: payload, encryption, call, proxy, nonce, signature. Sends nothing. */
import { decodeAddress } from '@polkadot/util-crypto/address';
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import type { WeightCall } from '../calls-bytes.ts';
import { encodeCall } from '../calls-bytes.ts';
import type { Chain, ChainView, SignedExtrinsic } from '../chain.ts';
import type { WeightSigner } from '../signer.ts';
import { wrapInProxy } from '../signer-proxy.ts';
import { timelockEncrypt } from '../timelock.ts';
import { timelockPayload } from '../timelock-payload.ts';
import type { Draft } from './draft-weights.ts';

export interface Sender {
  /** Whose row it is. */
  readonly account: string;
  /** Who signs: the same, or its proxy. */
  readonly signingAccount: string;
  readonly signer: WeightSigner;
}

export interface SigningContext extends Sender {
  readonly chain: Chain;
  readonly view: ChainView;
  readonly netuid: number;
  readonly versionKey: bigint;
  /** Compressed public key of the beacon, in hex. */
  readonly beaconKey: string;
  readonly random: (length: number) => Uint8Array;
  /** The finalized nonce: no endpoint that lags behind may give a lower one. */
  readonly nonce: number;
}

export interface Signed {
  readonly extrinsic: SignedExtrinsic;
  /** Null for plain weights. */
  readonly commitHash: string | null;
}

/** Only mechanism 0 has weights of ours. */
const MECHANISM = 0;

/** Rejects with `SignerError` or `ChainError`; nothing is sent, so it may be repeated. */
export async function signWeights(draft: Draft, context: SigningContext): Promise<Signed> {
  const { chain, view, account, signingAccount, signer } = context;
  const content = contentOf(draft, context);
  const call = encodeCall(draft.call, content);
  const sent = signingAccount === account ? call : wrapInProxy(call, decodeAddress(account));
  const nonce = Math.max(context.nonce, await chain.nextNonce(signingAccount));
  const extrinsic = await chain.sign(view, sent, { account: signingAccount, nonce, signer });
  return {
    extrinsic,
    commitHash: content.kind === 'plain' ? null : blake2AsHex(content.commit, 256),
  };
}

function contentOf({ call, row, reveal }: Draft, context: SigningContext): WeightCall {
  const { netuid, versionKey, account, beaconKey, random } = context;
  if (reveal === null) return { kind: 'plain', netuid, mecid: MECHANISM, row, versionKey };
  const hotkey = call.payloadVersion === 3 ? null : decodeAddress(account);
  const payload = timelockPayload({ hotkey, ...row, versionKey });
  return {
    kind: 'timelocked',
    netuid,
    mecid: MECHANISM,
    commit: timelockEncrypt(payload, reveal.round, { random, publicKey: beaconKey }),
    revealRound: reveal.round,
  };
}
