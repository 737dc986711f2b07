/** From a chain spec that describes its genesis to one that holds the state, as the runtime itself builds it. */
import { compactAddLength, compactStripLength } from '@polkadot/util';
import { type ChainSpec, type Chopsticks, callRuntime, type RawSpec } from './chopsticks.ts';

type Json = Record<string, unknown>;

const CODE_KEY = '0x3a636f6465'; // ":code"
/** `None` of an `Option<PresetId>`: the runtime's defaults. */
const DEFAULT_PRESET = Uint8Array.of(0);

/** Calls the runtime's GenesisBuilder; takes about a second. */
export async function rawGenesis(chopsticks: Chopsticks, spec: ChainSpec): Promise<RawSpec> {
  const { code, patch = {} } = (spec.genesis as { runtimeGenesis: { code: string; patch?: Json } })
    .runtimeGenesis;
  const preset = await callRuntime(chopsticks, {
    wasm: code,
    name: 'GenesisBuilder_get_preset',
    args: [DEFAULT_PRESET],
  });
  const config = merged(presetOf(preset.result), patch);
  const { storageDiff } = await callRuntime(chopsticks, {
    wasm: code,
    name: 'GenesisBuilder_build_state',
    args: [compactAddLength(Buffer.from(JSON.stringify(config)))],
  });
  const top: Record<string, string> = { [CODE_KEY]: code };
  for (const [key, value] of storageDiff) if (value !== null) top[key] = value;
  return { ...spec, genesis: { raw: { top, childrenDefault: {} } } };
}

/** The runtime in a raw spec, in hex. */
export function codeOf({ genesis }: RawSpec): string {
  const code = genesis.raw.top[CODE_KEY];
  if (code === undefined) throw new Error('the chain spec holds no runtime');
  return code;
}

/** Reads an `Option<Vec<u8>>` of JSON. */
function presetOf(bytes: Buffer): Json {
  if (bytes[0] !== 1) return {};
  const [, json] = compactStripLength(bytes.subarray(1));
  return JSON.parse(Buffer.from(json).toString()) as Json;
}

function merged(base: Json, patch: Json): Json {
  const both = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    const old = both[name];
    both[name] = isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  return both;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
