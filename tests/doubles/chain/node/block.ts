/** A block as the double keeps it, and its header as bytes and as JSON. */
import { compactToU8a, hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
import { blake2AsHex, blake2AsU8a } from '@polkadot/util-crypto/blake2';
import type { Hex, Runtime } from './runtime.ts';

export interface Header {
  readonly parentHash: string;
  readonly number: string;
  readonly stateRoot: string;
  readonly extrinsicsRoot: string;
  readonly digest: { readonly logs: readonly string[] };
}

export interface Block {
  readonly number: number;
  readonly hash: string;
  readonly header: Header;
  readonly extrinsics: readonly Hex[];
  /** The runtime that its state belongs to. */
  readonly runtime: Runtime;
}

const NO_LOGS = Uint8Array.of(0);

/** The roots are made up: they tell blocks with other contents apart, and prove nothing. */
export function sealBlock(
  number: number,
  parentHash: string,
  contents: { readonly extrinsics: readonly Hex[]; readonly seed: string; readonly runtime: Runtime },
): Block {
  const { extrinsics, seed, runtime } = contents;
  const extrinsicsRoot = blake2AsU8a(u8aConcat(...extrinsics.map((each) => hexToU8a(each))), 256);
  const stateRoot = blake2AsU8a(seed, 256);
  const encoded = u8aConcat(hexToU8a(parentHash), compactToU8a(number), stateRoot, extrinsicsRoot, NO_LOGS);
  const header = {
    parentHash,
    number: `0x${number.toString(16)}`,
    stateRoot: u8aToHex(stateRoot),
    extrinsicsRoot: u8aToHex(extrinsicsRoot),
    digest: { logs: [] },
  };
  return { number, hash: blake2AsHex(encoded, 256), header, extrinsics, runtime };
}
