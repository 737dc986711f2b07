/** What the weight setter is made of, one step at a time, so that a test can force what the setter would never send. */
import { randomBytes } from 'node:crypto';
import { type RuntimeCall, runtimeCalls } from '../../../app/chain/calls.ts';
import { encodeCall, type WeightCall } from '../../../app/chain/calls-bytes.ts';
import type { Chain, ChainView, Outcome, SignedExtrinsic, SubmitAnswer } from '../../../app/chain/chain.ts';
import { connectChain } from '../../../app/chain/connection/connect.ts';
import type { HotkeyPair } from '../../../app/chain/keyfile-pair.ts';
import { createSigner, type WeightSigner } from '../../../app/chain/signer.ts';
import type { SubnetState } from '../../../app/chain/subnet.ts';
import { readSubnet } from '../../../app/chain/subnet-read.ts';
import { timelockEncrypt } from '../../../app/chain/timelock.ts';
import { timelockPayload } from '../../../app/chain/timelock-payload.ts';
import type { Hotkey } from '../../../app/ids.ts';
import { TEST_BEACON } from '../../doubles/chain/beacon.ts';
import { type LocalSubnet, NETUID } from './local-subnet.ts';

/** Of the weights that it makes, and that the subnet wants. */
export const VERSION_KEY = 7n;

export type Row = { readonly uids: readonly number[]; readonly values: readonly number[] };

export interface Fate {
  readonly answer: SubmitAnswer;
  /** Null when it was refused before it was in a block. */
  readonly outcome: Outcome | null;
}

export class OurSide {
  readonly chain: Chain;
  readonly signer: WeightSigner;

  constructor(
    private readonly subnet: LocalSubnet,
    /** Who sends; the validator unless told otherwise. */
    readonly pair: HotkeyPair = subnet.validator,
    endpoints: readonly string[] = [subnet.url],
  ) {
    const { genesisHash } = subnet;
    this.chain = connectChain({ endpoints, genesisHash });
    this.signer = signerOf(pair, genesisHash);
  }

  /** The newest block and what the subnet is like at it. */
  async look(): Promise<{ readonly view: ChainView; readonly state: SubnetState }> {
    const view = await this.chain.finalized();
    return { view, state: await readSubnet(view, { netuid: NETUID, hotkey: this.pair.hotkey }) };
  }

  async call(name: string): Promise<RuntimeCall> {
    const { calls } = await this.chain.finalized();
    const call = runtimeCalls(calls).find((known) => known.name === name);
    if (call === undefined) throw new Error(`the runtime has no ${name}`);
    return call;
  }

  /** Signed for the newest block; not sent. */
  async sign(
    name: string,
    content: WeightCall,
    more: { readonly signer?: WeightSigner; readonly nonce?: number } = {},
  ): Promise<SignedExtrinsic> {
    const account = this.pair.hotkey;
    const { signer = this.signer, nonce = await this.chain.nextNonce(account) } = more;
    const bytes = encodeCall(await this.call(name), content);
    return this.chain.sign(await this.chain.finalized(), bytes, { account, nonce, signer });
  }

  /** Sends it whatever the preflight says, makes a block and gives what the chain made of it. */
  async force(name: string, content: WeightCall, signer = this.signer): Promise<Fate> {
    const { bytes, birthBlock } = await this.sign(name, content, { signer });
    const answer = await this.chain.submit(bytes);
    if (answer.kind === 'refused') return { answer, outcome: null };
    await this.subnet.blocks(1);
    return { answer, outcome: await this.chain.find(bytes, birthBlock, await this.subnet.head()) };
  }

  close(): Promise<void> {
    return this.chain.close();
  }
}

export function signerOf(
  pair: HotkeyPair,
  genesisHash: string,
  { netuid = NETUID, proxyFor = null }: { netuid?: number; proxyFor?: Hotkey | null } = {},
): WeightSigner {
  return createSigner({
    pair,
    policy: { netuid, genesisHash, proxyFor },
    limit: { signatures: 1_000, windowMs: 3_600_000 },
    now: () => 0,
    log: () => {},
  });
}

export function plain(row: Row, more: { netuid?: number; versionKey?: bigint } = {}): WeightCall {
  return { kind: 'plain', netuid: NETUID, mecid: 0, row, versionKey: VERSION_KEY, ...more };
}

/** A commit that the test beacon's pulse of that round opens; `sealedFor` encrypts to another round than it says. */
export function commit(row: Row, revealRound: number, sealedFor: number = revealRound): WeightCall {
  const payload = timelockPayload({ ...row, hotkey: null, versionKey: VERSION_KEY });
  const options = { random: randomBytes, publicKey: TEST_BEACON.publicKey };
  return committed(timelockEncrypt(payload, sealedFor, options), revealRound);
}

export function committed(bytes: Uint8Array, revealRound: number): WeightCall {
  return { kind: 'timelocked', netuid: NETUID, mecid: 0, commit: bytes, revealRound };
}
