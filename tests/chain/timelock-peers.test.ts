/** Our timelock against two implementations that share no code with it: one opens what the other made. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { QUICKNET, roundIdentity } from '../../app/chain/drand.ts';
import { timelockDecrypt, timelockEncrypt } from '../../app/chain/timelock.ts';
import { askPeer, findPeers } from './prepare-peers.ts';
import { PAYLOAD, PULSE_1000 } from './timelock-vectors.ts';

interface Peer {
  readonly encrypt: (plaintext: Uint8Array, round: number) => Promise<Uint8Array>;
  readonly decrypt: (ciphertext: Uint8Array, round: number, pulse: Uint8Array) => Promise<Uint8Array>;
}

/** What @ideallabs/timelock_wasm_wrapper exports: the Rust crate that subtensor pins, compiled to WebAssembly. */
interface WasmWrapper {
  initSync(input: { module: Uint8Array }): unknown;
  tle(id: Uint8Array, message: Uint8Array, key: Uint8Array, publicKey: Uint8Array, curve: string): number[];
  tld(ciphertext: Uint8Array, pulse: Uint8Array, curve: string): number[];
}

const WRAPPER: string = '@ideallabs/timelock_wasm_wrapper';
const CURVE = 'bls12_381';
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function findWrapper(): string | null {
  try {
    return createRequire(import.meta.url).resolve(`${WRAPPER}/timelock_wasm_wrapper_bg.wasm`);
  } catch (error) {
    if (process.env.REQUIRE_ALL === '1') throw error;
    console.warn(`${WRAPPER} is not installed, skipping; npm ci installs it`);
    return null;
  }
}

const wasmFile = findWrapper();
const python = findPeers();

const PEERS: readonly [name: string, present: boolean, peer: () => Promise<Peer>][] = [
  [
    'the Rust crate in WebAssembly',
    wasmFile !== null,
    async () => {
      const { initSync, tle, tld } = (await import(WRAPPER)) as WasmWrapper;
      initSync({ module: readFileSync(wasmFile ?? '') });
      const own = (bytes: Uint8Array) => Uint8Array.from(bytes);
      const publicKey = own(Buffer.from(QUICKNET.publicKey, 'hex'));
      return {
        encrypt: async (plaintext, round) =>
          Uint8Array.from(
            tle(own(roundIdentity(round)), own(plaintext), own(randomBytes(32)), publicKey, CURVE),
          ),
        decrypt: async (ciphertext, _, pulse) => Uint8Array.from(tld(own(ciphertext), own(pulse), CURVE)),
      };
    },
  ],
  [
    'bittensor-drand',
    python !== null,
    async () => {
      const ask = async (...args: string[]) => Buffer.from(await askPeer(python ?? '', ...args), 'hex');
      return {
        encrypt: (plaintext, round) => ask('encrypt', `${round}`, hex(plaintext)),
        decrypt: (ciphertext, round, pulse) => ask('decrypt', `${round}`, hex(pulse), hex(ciphertext)),
      };
    },
  ],
];

describe.each(PEERS)('with %s', (_, present, peer) => {
  it.runIf(present)('opens what the other made', async () => {
    const { encrypt } = await peer();
    for (const plaintext of [PAYLOAD, randomBytes(1_100)])
      expect(hex(timelockDecrypt(await encrypt(plaintext, 1000), PULSE_1000))).toBe(hex(plaintext));
  });

  it.runIf(present)('makes what the other opens', async () => {
    const { decrypt } = await peer();
    for (const plaintext of [PAYLOAD, randomBytes(1_100), randomBytes(4_500)]) {
      const ciphertext = timelockEncrypt(plaintext, 1000, { random: randomBytes });
      expect(hex(await decrypt(ciphertext, 1000, PULSE_1000))).toBe(hex(plaintext));
    }
  });
});
