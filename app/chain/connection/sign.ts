/** Call data to a signed extrinsic, whose bytes are read back before anybody sends them. */
import type { GenericExtrinsicEra } from '@polkadot/types';
import type { ExtrinsicPayload, SignerPayload } from '@polkadot/types/interfaces';
import type { Registry } from '@polkadot/types/types';
import { hexToU8a, u8aToHex } from '@polkadot/util';
import { decodeAddress } from '@polkadot/util-crypto/address';
import { blake2AsHex, blake2AsU8a } from '@polkadot/util-crypto/blake2';
import { sr25519Verify } from '@polkadot/util-crypto/sr25519';
import { ChainError, type ChainView, type SignedExtrinsic } from '../chain.ts';
import type { WeightSigner } from '../signer.ts';
import type { RuntimeVersion } from './runtime.ts';
import { unsignedPart } from './unsigned-part.ts';

export interface SignRequest {
  readonly view: ChainView;
  readonly call: Uint8Array;
  readonly account: string;
  readonly nonce: number;
  readonly signer: WeightSigner;
  readonly genesisHash: string;
  /** Of the runtime that will make the next block. */
  readonly runtime: RuntimeVersion;
}

/** Blocks that it stays good for: long enough for a slow chain, and then it is surely over. */
const ERA_BLOCKS = 32;
const EXTRINSIC_VERSION = 4;
/** sr25519's place in `MultiSignature`. */
const SR25519 = 1;

/** Rejects with `SignerError`, or with `ChainError` `unknown_runtime`, `upgrading` or `protocol`. */
export async function signCall(request: SignRequest): Promise<SignedExtrinsic> {
  const { view, call, account, nonce, signer, runtime } = request;
  if (view.runtimeProblems.length > 0)
    throw new ChainError(
      'unknown_runtime',
      `nothing is signed for this runtime: ${view.runtimeProblems.join('; ')}`,
    );
  if (runtime.specVersion !== view.specVersion)
    throw new ChainError(
      'upgrading',
      `block ${view.block.number} was made by spec ${view.specVersion} and the next one will be by ${runtime.specVersion}: it is signed once that is final`,
    );
  const { registry } = view.api;
  const method = u8aToHex(call);
  const extrinsic = unsigned(registry, method);
  const payload = payloadOf(registry, request, method);
  const { signature } = await signer.signPayload(payload.toPayload());
  extrinsic.addSignature(account, signature, payload.toPayload());
  const bytes = extrinsic.toHex();
  checkBytes(registry, bytes, { method, account, nonce, payload, signature });
  const era = payload.era as unknown as GenericExtrinsicEra;
  return {
    bytes,
    hash: blake2AsHex(extrinsic.toU8a(), 256),
    nonce,
    birthBlock: era.asMortalEra.birth(view.block.number),
    deathBlock: era.asMortalEra.death(view.block.number),
  };
}

/** Signs what was signed already once more, at the view of its birth block. Rejects as `signCall`. */
export async function signAgain(
  { bytes, nonce }: SignedExtrinsic,
  request: Omit<SignRequest, 'call' | 'nonce'>,
): Promise<SignedExtrinsic> {
  const { method } = request.view.api.registry.createType('Extrinsic', bytes);
  const again = await signCall({ ...request, call: method.toU8a(), nonce });
  if (unsignedPart(hexToU8a(again.bytes)) !== unsignedPart(hexToU8a(bytes)))
    throw new ChainError(
      'protocol',
      'signed once more, it is another transaction than it was: it is not used',
    );
  return again;
}

function unsigned(registry: Registry, method: string) {
  try {
    const call = registry.createType('Call', method);
    if (call.toHex() === method)
      return registry.createType('Extrinsic', { method: call }, { version: EXTRINSIC_VERSION });
  } catch (error) {
    throw new ChainError(
      'protocol',
      `the runtime does not know the call ${method.slice(0, 20)}…: nothing is signed`,
      error,
    );
  }
  throw new ChainError(
    'protocol',
    `the runtime reads the call ${method.slice(0, 20)}… as another one: nothing is signed`,
  );
}

function payloadOf(registry: Registry, request: SignRequest, method: string): SignerPayload {
  const { view, account, nonce, genesisHash, runtime } = request;
  const { number, hash } = view.block;
  return registry.createType('SignerPayload', {
    address: account,
    blockHash: hash,
    blockNumber: number,
    era: registry.createType('ExtrinsicEra', { current: number, period: ERA_BLOCKS }),
    genesisHash,
    method,
    nonce,
    runtimeVersion: { specVersion: runtime.specVersion, transactionVersion: runtime.transactionVersion },
    signedExtensions: registry.signedExtensions,
    tip: 0,
    version: EXTRINSIC_VERSION,
  });
}

interface Expected {
  readonly method: string;
  readonly account: string;
  readonly nonce: number;
  readonly payload: SignerPayload;
  readonly signature: string;
}

/** What is sent must be what was asked for, signed over what this runtime will verify: a signer lays out those bytes by itself. */
function checkBytes(
  registry: Registry,
  bytes: string,
  { method, account, nonce, payload, signature }: Expected,
): void {
  const read = registry.createType('Extrinsic', bytes);
  const same =
    read.toHex() === bytes &&
    read.method.toHex() === method &&
    read.signer.toString() === account &&
    read.nonce.toNumber() === nonce &&
    read.tip.toNumber() === 0 &&
    read.era.toHex() === payload.era.toHex();
  if (!same)
    throw new ChainError('protocol', 'the signed bytes read back as another transaction: they are not used');
  const signed = registry
    .createType<ExtrinsicPayload>('ExtrinsicPayload', payload.toPayload(), { version: EXTRINSIC_VERSION })
    .toU8a({ method: true });
  const raw = Buffer.from(signature.slice(2), 'hex');
  const fits =
    raw.length === 65 &&
    raw[0] === SR25519 &&
    sr25519Verify(
      signed.length > 256 ? blake2AsU8a(signed, 256) : signed,
      raw.subarray(1),
      decodeAddress(account),
    );
  if (!fits)
    throw new ChainError(
      'protocol',
      `the signature does not fit what this runtime verifies for ${account}: check that the signer has that key, and update Quasar Referee`,
    );
}
