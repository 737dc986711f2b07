/** The chain of the stage: a subnet where everybody who plays is registered, and the App's validator has its permit. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { HotkeyPair } from '../../app/chain/keyfile-pair.ts';
import { hotkeyOf } from '../../app/miners/link.ts';
import { startChainDouble } from '../doubles/chain/start.ts';

/** A chain that the App can be pointed at. */
export interface StageChain {
  readonly url: string;
  readonly genesisHash: string;
  readonly netuid: number;
  readonly blockMs: number;
  /** The row of the validator as the chain itself has it. */
  row(): Promise<readonly (readonly [uid: number, value: number])[]>;
  close(): Promise<void>;
}

const seed = (number: number) => new Uint8Array(32).fill(number);
export const VALIDATOR_SEED = seed(254);
const VALIDATOR = HotkeyPair.fromMiniSecret(VALIDATOR_SEED).hotkey;
export const SUBNET_OWNER = HotkeyPair.fromMiniSecret(seed(255)).hotkey;
/** Seeds 1 to 40 are the miners'. */
export const MINERS = Array.from({ length: 40 }, (_, at) => hotkeyOf(seed(at + 1)).hotkey);

/** Slow enough that the judge's clock does not notice. */
const BLOCK_MS = 500;
/** An epoch of ten seconds. */
const TEMPO = 20;

/** The chain double with the subnet `netuid`, making blocks by itself. */
export async function startStageChain(netuid: number): Promise<StageChain> {
  const double = await startChainDouble({
    blockMs: BLOCK_MS,
    startAtMs: Date.now(),
    subnets: [
      {
        netuid,
        tempo: TEMPO,
        commitReveal: false,
        weightsSetRateLimit: 0,
        ownerHotkey: SUBNET_OWNER,
        neurons: [
          { hotkey: SUBNET_OWNER },
          { hotkey: VALIDATOR, permit: true, stakeRao: 5_000_000_000_000n },
          ...MINERS.map((hotkey) => ({ hotkey })),
        ],
      },
    ],
  });
  return {
    url: double.url,
    genesisHash: double.genesisHash,
    netuid,
    blockMs: BLOCK_MS,
    row: async () => double.subnet(netuid).row(VALIDATOR),
    close: () => double.close(),
  };
}

/** What the App is told of the chain; writes the validator's hotkey file into `directory`. */
export function chainEnvironment(chain: StageChain, directory: string): Record<string, string> {
  const file = path.join(directory, 'validator-hotkey');
  const secretSeed = `0x${Buffer.from(VALIDATOR_SEED).toString('hex')}`;
  writeFileSync(file, JSON.stringify({ secretSeed, ss58Address: VALIDATOR }), { mode: 0o600 });
  return {
    CHAIN_ENDPOINTS: chain.url,
    CHAIN_GENESIS: chain.genesisHash,
    CHAIN_BLOCK_MS: String(chain.blockMs),
    WALLET_FILE: file,
  };
}
