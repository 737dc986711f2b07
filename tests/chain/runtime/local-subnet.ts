/**
 * The subnet of the real runtime and the hand of an operator over it: parameters by sudo, storage where no call leads, blocks
 * when they are wanted. It speaks polkadot-js itself, so that what is tested here
 * (our own connection) is not what prepares it.
 */
import { ApiPromise, WsProvider } from '@polkadot/api';
import type { ApiOptions, SubmittableExtrinsic } from '@polkadot/api/types';
import { Keyring } from '@polkadot/keyring';
import type { KeyringPair } from '@polkadot/keyring/types';
import type { Result, Vec } from '@polkadot/types';
import type { DispatchError, EventRecord } from '@polkadot/types/interfaces';
import type { Codec } from '@polkadot/types/types';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import type { HotkeyPair } from '../../../app/chain/keyfile-pair.ts';
import type { Hotkey } from '../../../app/ids.ts';
import { storedPulse, TEST_BEACON } from '../../doubles/chain/beacon.ts';

type Call = SubmittableExtrinsic<'promise'>;

export const NETUID = 1;
/** An item of the pallet of subnets, its keys and its value. */
export type Stored = readonly [item: string, args: readonly unknown[], value: unknown];

export interface Neurons {
  readonly validator: HotkeyPair;
  /** In the order of their uids, once they are registered. */
  readonly miners: readonly Hotkey[];
}

export class LocalSubnet {
  private constructor(
    readonly url: string,
    readonly api: ApiPromise,
    readonly validator: HotkeyPair,
    readonly miners: readonly Hotkey[],
    private readonly alice: KeyringPair,
  ) {}

  static async open(url: string, { validator, miners }: Neurons): Promise<LocalSubnet> {
    await cryptoWaitReady();
    const api = await ApiPromise.create({
      provider: new WsProvider(url) as NonNullable<ApiOptions['provider']>,
      noInitWarn: true,
      throwOnConnect: true,
    });
    const alice = new Keyring({ type: 'sr25519', ss58Format: 42 }).addFromUri('//Alice');
    return new LocalSubnet(url, api, validator, miners, alice);
  }

  get genesisHash(): string {
    return this.api.genesisHash.toHex();
  }

  /** Calls by pallet and name, unsigned. */
  calls() {
    const from = (section: string) => {
      return (name: string, ...args: readonly unknown[]): Call => {
        const call = this.api.tx[section]?.[name];
        if (call === undefined) throw new Error(`this runtime has no ${section}.${name}`);
        return call(...args);
      };
    };
    return {
      adminUtils: from('adminUtils'),
      subtensorModule: from('subtensorModule'),
      utility: from('utility'),
      sudoModule: from('sudo'),
      balances: from('balances'),
      proxy: from('proxy'),
    };
  }

  sudo(call: Call): Call {
    return this.calls().sudoModule('sudo', call);
  }

  /** Makes it a call of that account's. */
  sudoAs(account: string, call: Call): Call {
    return this.calls().sudoModule('sudoAs', account, call);
  }

  /** Sets a parameter of the subnet as root would. */
  async configure(name: string, ...args: readonly unknown[]): Promise<void> {
    await this.include(this.sudo(this.calls().adminUtils(name, ...args)));
  }

  /** Makes a block with these calls of //Alice, all or none; rejects with what failed in it. */
  async include(...calls: readonly Call[]): Promise<void> {
    const batch = this.calls().utility('batchAll', calls);
    const nonce = await this.api.rpc.system.accountNextIndex(this.alice.address);
    await (await batch.signAsync(this.alice, { nonce, era: 0 })).send();
    const hash = await this.blocks(1);
    for (const { event } of await this.events(hash)) {
      const [outcome] = event.data as unknown as [DispatchError & Result<Codec, DispatchError>];
      if (event.method === 'ExtrinsicFailed') throw new Error(this.#named(outcome));
      if (['Sudid', 'SudoAsDone'].includes(event.method) && outcome.isErr)
        throw new Error(this.#named(outcome.asErr));
    }
  }

  /** Makes blocks and gives the hash of the last. */
  async blocks(count: number): Promise<string> {
    return this.#dev('dev_newBlock', { count });
  }

  /** Makes that block without those before it. */
  async skipTo(block: number): Promise<void> {
    await this.#dev('dev_newBlock', { count: 1, unsafeBlockHeight: block });
  }

  async head(): Promise<number> {
    return (await this.api.rpc.chain.getHeader()).number.toNumber();
  }

  /** Extrinsics that wait for a block. */
  async pending(): Promise<number> {
    return (await this.api.rpc.author.pendingExtrinsics()).length;
  }

  async events(hash: string): Promise<readonly EventRecord[]> {
    const at = await this.api.at(hash);
    return (await at.query.system?.events?.()) as unknown as Vec<EventRecord>;
  }

  /** Storage of the pallet of subnets. */
  async read(item: string, ...args: readonly unknown[]): Promise<unknown> {
    return (await this.#entry(item, 'subtensorModule')(...args)).toJSON();
  }

  async uid(hotkey: string): Promise<number> {
    const uid = await this.read('uids', NETUID, hotkey);
    if (typeof uid !== 'number') throw new Error(`${hotkey} is not registered`);
    return uid;
  }

  async row(hotkey: string): Promise<unknown> {
    return this.read('weights', NETUID, await this.uid(hotkey));
  }

  async permit(hotkey: string, granted: boolean): Promise<void> {
    const permits = (await this.read('validatorPermit', NETUID)) as boolean[];
    permits[await this.uid(hotkey)] = granted;
    await this.store('validatorPermit', [NETUID], permits);
  }

  /** Puts something into the storage of the newest block, without a call. */
  async store(
    item: string,
    args: readonly unknown[],
    value: unknown,
    section = 'subtensorModule',
  ): Promise<void> {
    const entry = this.#entry(item, section);
    const { type } = entry.creator.meta;
    const bytes = this.api
      .createType(this.api.registry.createLookupType(type.isMap ? type.asMap.value : type.asPlain), value)
      .toU8a();
    await this.#dev('dev_setStorage', [[entry.key(...args), `0x${Buffer.from(bytes).toString('hex')}`]]);
  }

  /** Stores these while the work runs, and what was there before afterwards. */
  async during<T>(changes: readonly Stored[], work: () => Promise<T>): Promise<T> {
    const before: Stored[] = [];
    try {
      for (const [item, args, value] of changes) {
        before.push([item, args, await this.read(item, ...args)]);
        await this.store(item, args, value);
      }
      return await work();
    } finally {
      for (const [item, args, value] of before) await this.store(item, args, value);
    }
  }

  /** As if the pulse had come from the network; the pallet does not look at a stored one again. */
  async publishPulse(round: number, signedRound: number = round): Promise<void> {
    await this.store('pulses', [round], { ...storedPulse(TEST_BEACON, signedRound), round }, 'drand');
  }

  async close(): Promise<void> {
    await this.api.disconnect();
  }

  #named(error: DispatchError): string {
    return error.isModule ? this.api.registry.findMetaError(error.asModule).name : error.toString();
  }

  #entry(item: string, section: string) {
    const entry = this.api.query[section]?.[item];
    if (entry === undefined) throw new Error(`this runtime stores no ${section}.${item}`);
    return entry;
  }

  /** Methods of chopsticks, which are not part of the API of nodes. */
  async #dev(method: string, parameter: unknown): Promise<string> {
    const socket = (this.api as unknown as { _rpcCore: { provider: WsProvider } })._rpcCore.provider;
    return socket.send<string>(method, [parameter]);
  }
}
