/** A signed extrinsic, read from its bytes and checked as a node checks it: signature, era, chain and runtime. */
import type { Call, ExtrinsicEra } from '@polkadot/types/interfaces';
import { hexToU8a, isHex, u8aToHex } from '@polkadot/util';
import { blake2AsHex, blake2AsU8a } from '@polkadot/util-crypto/blake2';
import { sr25519Verify } from '@polkadot/util-crypto/sr25519';
import { addressOf } from '../pallet/subnet-state.ts';
import { invalid, RpcError } from '../rpc/rpc-error.ts';
import type { Hex, Runtime } from './runtime.ts';

export interface SignedExtrinsic {
  readonly bytes: Hex;
  readonly hash: Hex;
  readonly signer: string;
  readonly nonce: number;
  readonly era: ExtrinsicEra;
  readonly call: Call;
}

export interface ChainFacts {
  readonly runtime: Runtime;
  readonly genesisHash: string;
  /** Number of the block that it would be in. */
  readonly nextBlock: number;
  /** Null for a block that is not known, or not any more. */
  readonly hashOf: (block: number) => string | null;
}

const SR25519_SIGNATURE_BYTES = 64;

/** Throws `RpcError` 1001 for bytes that are none. */
export function readExtrinsic(bytes: unknown, { registry }: Runtime): SignedExtrinsic {
  if (!isHex(bytes)) throw new RpcError(1001, 'Extrinsic has invalid format: not hex');
  try {
    const extrinsic = registry.createType('Extrinsic', bytes, { isSigned: true });
    if (!extrinsic.isSigned || extrinsic.toHex() !== bytes) throw new Error('not what it encodes to');
    return {
      bytes,
      hash: blake2AsHex(hexToU8a(bytes), 256),
      signer: addressOf(extrinsic.signer.toString()),
      nonce: extrinsic.nonce.toNumber(),
      era: extrinsic.era,
      call: extrinsic.method as unknown as Call,
    };
  } catch (error) {
    throw new RpcError(1001, `Extrinsic has invalid format: ${(error as Error).message}`);
  }
}

/**
 * Throws `RpcError` 1010. The bytes that were signed are put together here anew from this chain's own genesis, runtime and
 * blocks; any difference is a bad signature, as on a node: also an era that is over, whose birth is another block by now.
 */
export function checkSignature(extrinsic: SignedExtrinsic, facts: ChainFacts): void {
  const { runtime, genesisHash, nextBlock, hashOf } = facts;
  const { era, signer } = extrinsic;
  const birth = era.isMortalEra ? era.asMortalEra.birth(nextBlock) : null;
  const birthHash = birth === null ? genesisHash : hashOf(birth);
  if (birthHash === null) throw invalid('Transaction has an ancient birth block');
  const parsed = runtime.registry.createType('Extrinsic', extrinsic.bytes, { isSigned: true });
  const payload = runtime.registry
    .createType(
      'ExtrinsicPayload',
      {
        method: parsed.method.toHex(),
        era: era.toHex(),
        nonce: parsed.nonce,
        tip: parsed.tip,
        mode: 0,
        metadataHash: null,
        specVersion: runtime.specVersion,
        transactionVersion: runtime.shape.transactionVersion,
        genesisHash,
        blockHash: birthHash,
      },
      { version: 4 },
    )
    .toU8a({ method: true });
  const message = payload.length > 256 ? blake2AsU8a(payload, 256) : payload;
  const signature = parsed.signature.toU8a();
  const raw = signature.subarray(signature.length - SR25519_SIGNATURE_BYTES);
  const account = runtime.registry.createType('AccountId32', signer).toU8a();
  if (!isSigned(message, raw, account)) throw invalid('Transaction has a bad signature');
}

/** The block that it cannot be in, nor in any later one; null for one that never dies. */
export function deathOf({ era }: SignedExtrinsic, nextBlock: number): number | null {
  return era.isMortalEra ? era.asMortalEra.death(nextBlock) : null;
}

function isSigned(message: Uint8Array, signature: Uint8Array, account: Uint8Array): boolean {
  try {
    return sr25519Verify(message, signature, u8aToHex(account));
  } catch {
    // the library throws where the bytes are no signature at all
    return false;
  }
}
