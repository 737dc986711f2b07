/** Signs weight calls with one hotkey, within its policy and not too often. In this process, or in one of its own. */
import { u8aToHex } from '@polkadot/util';
import type { Hotkey } from '../ids.ts';
import type { WeightCall } from './calls-bytes.ts';
import type { HotkeyPair } from './keyfile-pair.ts';
import { applyPolicy, type RefusalCode, type SigningPolicy } from './signer-policy.ts';

/** Whose signatures these are, and for what; the weight setter compares it with its own configuration. */
export interface SignerIdentity {
  readonly hotkey: Hotkey;
  readonly netuid: number;
  readonly genesisHash: string;
  readonly proxyFor: Hotkey | null;
}

/** Fits polkadot-js's `Signer`. Both reject with `SignerError`. */
export interface WeightSigner {
  identity(): Promise<SignerIdentity>;
  signPayload(payload: unknown): Promise<{ readonly id: number; readonly signature: `0x${string}` }>;
}

export type SignerErrorCode = RefusalCode | 'too_many' | 'unavailable' | 'timed_out' | 'protocol';

/** `unavailable` and `timed_out` mean that nothing was signed that anybody has; asking again is harmless. */
export class SignerError extends Error {
  override readonly name = 'SignerError';
  readonly retryable: boolean;
  constructor(
    readonly code: SignerErrorCode,
    readonly userMessage: string,
    cause?: unknown,
  ) {
    super(`${code}: ${userMessage}`, { cause });
    this.retryable = code === 'unavailable' || code === 'timed_out' || code === 'too_many';
  }
}

export type SignerLog = (message: string, fields: Readonly<Record<string, unknown>>) => void;

export interface SignerOptions {
  readonly pair: HotkeyPair;
  readonly policy: Omit<SigningPolicy, 'signer'>;
  /** Signatures within any such time; a restart begins to count anew. */
  readonly limit: { readonly signatures: number; readonly windowMs: number };
  readonly now: () => number;
  readonly log: SignerLog;
}

/** Key type of a MultiSignature. */
const SR25519 = Buffer.from([1]);

export function createSigner({ pair, policy, limit, now, log }: SignerOptions): WeightSigner {
  const { netuid, genesisHash, proxyFor } = policy;
  let signedAt: number[] = [];
  let lastId = 0;
  const refuse = (code: SignerErrorCode, message: string): never => {
    log('signature refused', { code, reason: message });
    throw new SignerError(code, message);
  };
  return {
    identity: async () => ({ hotkey: pair.hotkey, netuid, genesisHash, proxyFor }),
    async signPayload(payload) {
      const answer = applyPolicy(payload, { ...policy, signer: pair.hotkey });
      if (answer.kind === 'refused') return refuse(answer.code, answer.message);
      const time = now();
      signedAt = signedAt.filter((at) => at > time - limit.windowMs);
      if (signedAt.length >= limit.signatures)
        return refuse(
          'too_many',
          `${limit.signatures} signatures were made within ${Math.round(limit.windowMs / 60_000)} minutes, which is the limit: weights are set once in an epoch`,
        );
      const signature = pair.sign(answer.bytes);
      signedAt.push(time);
      log('weights signed', { call: answer.call.name, ...described(answer.content) });
      return { id: ++lastId, signature: u8aToHex(Buffer.concat([SR25519, signature])) };
    },
  };
}

function described(content: WeightCall): Record<string, unknown> {
  const { netuid } = content;
  return content.kind === 'plain'
    ? { netuid, uids: content.row.uids, values: content.row.values }
    : { netuid, revealRound: content.revealRound, commitBytes: content.commit.length };
}
