/**
 * One chain of one node: the real runtime under chopsticks, in a process of its own that ends with its parent. Started by
 * `startRuntime`; its argument is a `RuntimeOrder`, and the address or the error goes back as one message.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type ChainSpec, type Chopsticks, callRuntime, type RawSpec } from './chopsticks.ts';
import { codeOf, rawGenesis } from './raw-genesis.ts';

export interface RuntimeOrder {
  readonly chopsticksUrl: string;
  readonly specFile: string;
  /** Where the raw form of the spec is kept, so that it is built once. */
  readonly rawFile: string;
  /** Unix milliseconds of the genesis block. */
  readonly genesisMs: number;
  /** `manual`: blocks are made by `dev_newBlock`; `instant`: by each extrinsic. */
  readonly blocks: 'manual' | 'instant';
}

export type RuntimeMessage = { readonly address: string } | { readonly error: string };

const TIMESTAMP_NOW = '0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb';

async function start(order: RuntimeOrder): Promise<string> {
  const chopsticks = (await import(order.chopsticksUrl)) as Chopsticks;
  const spec = await rawSpec(chopsticks, order);
  const wasm = codeOf(spec);
  const slot = await callRuntime(chopsticks, {
    wasm,
    name: 'AuraApi_slot_duration',
    args: [],
    state: spec.genesis.raw.top,
  });
  const slotMs = Number(slot.result.readBigUInt64LE());
  // chopsticks asks in a way that this runtime cannot answer, and would then take 12 s: Aura refuses such blocks
  chopsticks.getAuraSlotDuration.cache.set(wasm, Promise.resolve(slotMs));
  // without a time of its own chopsticks reads the clock twice, and the two may fall into different slots
  const now = Buffer.alloc(8);
  now.writeBigUInt64LE(BigInt(order.genesisMs - (order.genesisMs % slotMs)));
  spec.genesis.raw.top[TIMESTAMP_NOW] = `0x${now.toString('hex')}`;
  const { addr } = await chopsticks.setupWithServer({
    'chain-spec': spec,
    host: '127.0.0.1',
    port: 0,
    'build-block-mode': order.blocks === 'manual' ? 'Manual' : 'Instant',
    'allow-unresolved-imports': true,
    'mock-signature-host': false,
    'runtime-log-level': 0,
  });
  return addr;
}

async function rawSpec(chopsticks: Chopsticks, { specFile, rawFile }: RuntimeOrder): Promise<RawSpec> {
  if (existsSync(rawFile)) return JSON.parse(readFileSync(rawFile, 'utf8')) as RawSpec;
  const raw = await rawGenesis(chopsticks, JSON.parse(readFileSync(specFile, 'utf8')) as ChainSpec);
  const scratch = `${rawFile}.${process.pid}.part`;
  writeFileSync(scratch, JSON.stringify(raw));
  renameSync(scratch, rawFile);
  return raw;
}

process.once('disconnect', () => process.exit(0));
start(JSON.parse(process.argv[2] ?? '') as RuntimeOrder).then(
  (address) => process.send?.({ address } satisfies RuntimeMessage),
  (error) => process.send?.({ error: String((error as Error).stack ?? error) } satisfies RuntimeMessage),
);
