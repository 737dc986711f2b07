/** `npm run demo -- --chain`: the stage's chain is the real subtensor runtime, as the pinned chain spec holds it. */
import { HotkeyPair } from '../../app/chain/keyfile-pair.ts';
import { type LocalSubnet, NETUID } from '../chain/runtime/local-subnet.ts';
import { prepareSubnet } from '../chain/runtime/prepare-subnet.ts';
import { runtimeMissing, startRuntime } from '../chain/runtime/start-runtime.ts';
import { MINERS, type StageChain, SUBNET_OWNER, VALIDATOR_SEED } from './chain.ts';

/** This machine lacks what the real runtime needs; the message says how to get it. */
export class NoRealChain extends Error {
  override readonly name = 'NoRealChain';
}

/** A block takes the runtime half a second of a core, which the judge wants for itself. */
const BLOCK_MS = 2_000;
/** Weights are sent in the first five blocks of each epoch: the last ones are kept free for their reveal. */
const TEMPO = 12;

/** Makes blocks by itself until it is closed. Rejects with `NoRealChain`. */
export async function startRealChain(): Promise<StageChain> {
  const missing = runtimeMissing();
  if (missing !== null) throw new NoRealChain(missing);
  const runtime = await startRuntime({ genesisMs: Date.now() });
  const validator = HotkeyPair.fromMiniSecret(VALIDATOR_SEED);
  let subnet: LocalSubnet;
  try {
    subnet = await prepareSubnet(runtime.url, {
      validator,
      miners: MINERS,
      ownerHotkey: SUBNET_OWNER,
      tempo: TEMPO,
      versionKey: 0n,
    });
  } catch (error) {
    await runtime.close();
    throw error;
  }
  const blocks = makeBlocks(subnet);
  return {
    url: runtime.url,
    genesisHash: subnet.genesisHash,
    netuid: NETUID,
    blockMs: BLOCK_MS,
    row: async () => (await subnet.row(validator.hotkey)) as [number, number][],
    async close() {
      await blocks.stop();
      await subnet.close();
      await runtime.close();
    },
  };
}

/** One after the other, each a while after the last was made. */
function makeBlocks(subnet: LocalSubnet): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let making = Promise.resolve();
  const wait = () => {
    if (!isOver) timer = setTimeout(make, BLOCK_MS);
  };
  const make = () => {
    making = subnet.blocks(1).then(wait, (error) => {
      if (!isOver) console.error(`the real runtime makes no more blocks: ${(error as Error).message}`);
    });
  };
  wait();
  return {
    async stop() {
      isOver = true;
      clearTimeout(timer);
      await making;
    },
  };
}
