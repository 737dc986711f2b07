/** The variables about the chain: where it is, whose row of weights is kept there, and who signs. */
import { decodeAddress } from '@polkadot/util-crypto/address';
import { z } from 'zod';
import { list, wholeNumber } from './values.ts';

/** Hash of block 0 of Bittensor's main network. Source: `chain_getBlockHash(0)` of finney. */
const FINNEY_GENESIS = '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03';

const ENDPOINT = /^wss?:\/\/[^\s#@]+$/;

const account = z
  .string()
  .refine(
    isAccount,
    'is not an SS58 address of Bittensor, which begins with 5 (the file of the key goes into WALLET_FILE)',
  );
const path = z.string().max(1_000, 'is longer than a path may be');

export const chainVariables = {
  CHAIN_ENDPOINTS: list(ENDPOINT, 'a ws:// or wss:// address without user and password')
    .refine((urls) => urls.every((url) => URL.canParse(url)), 'has an entry that is no address')
    .optional(),
  CHAIN_GENESIS: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/, 'is not the hash of a block: 0x and 64 hex digits')
    .transform((text) => text.toLowerCase())
    .optional(),
  CHAIN_BLOCK_MS: wholeNumber(100, 60_000).default(12_000),
  WALLET_HOTKEY: account.optional(),
  WALLET_FILE: path.optional(),
  WALLET_PASSWORD_FILE: path.optional(),
  WALLET_PROXY_FOR: account.optional(),
  SIGNER_SOCKET: path.regex(/^\//, 'is not an absolute path').optional(),
  WEIGHTS_VERSION_KEY: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
  WEIGHTS_LOOSE: z.enum(['owner', 'renormalise'], 'must be owner or renormalise').default('owner'),
  WEIGHTS_CARRY_OVER_HOURS: wholeNumber(0, 8_760).default(72),
};

const ADDRESS_EXAMPLE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';

export const CHAIN_EXAMPLES: Readonly<Record<keyof typeof chainVariables, string>> = {
  CHAIN_ENDPOINTS: 'CHAIN_ENDPOINTS=wss://entrypoint-finney.opentensor.ai:443',
  CHAIN_GENESIS: `CHAIN_GENESIS=${FINNEY_GENESIS}`,
  CHAIN_BLOCK_MS: 'CHAIN_BLOCK_MS=12000',
  WALLET_HOTKEY: `WALLET_HOTKEY=${ADDRESS_EXAMPLE}`,
  WALLET_FILE: 'WALLET_FILE=/var/lib/quasar-referee/hotkey',
  WALLET_PASSWORD_FILE: 'WALLET_PASSWORD_FILE=/var/lib/quasar-referee/hotkey-password',
  WALLET_PROXY_FOR: `WALLET_PROXY_FOR=${ADDRESS_EXAMPLE}`,
  SIGNER_SOCKET: 'SIGNER_SOCKET=/run/quasar-signer/signer.sock',
  WEIGHTS_VERSION_KEY: 'WEIGHTS_VERSION_KEY=0',
  WEIGHTS_LOOSE: 'WEIGHTS_LOOSE=owner',
  WEIGHTS_CARRY_OVER_HOURS: 'WEIGHTS_CARRY_OVER_HOURS=72',
};

/** The genesis that the name of a network stands for; undefined for all but the main one. */
export function genesisOf(network: string | undefined): string | undefined {
  return network === 'finney' ? FINNEY_GENESIS : undefined;
}

/** A `ws://` or `wss://` address without user, password and fragment. */
export function isEndpoint(text: string): boolean {
  return ENDPOINT.test(text) && URL.canParse(text);
}

/** An SS58 address with Bittensor's prefix. */
export function isAccount(text: string): boolean {
  try {
    return text.startsWith('5') && decodeAddress(text, false, 42).length === 32;
  } catch {
    return false;
  }
}
