/** Which transactions the double takes: those whose signed bytes it can put together itself. */
import type { ApiPromise } from '@polkadot/api';
import { describe, expect, it } from 'vitest';
import { NETUID, openDouble, pairOf, plainRow, rawRequest, refusal, signed, tx } from './fixture.ts';

const BAD_SIGNATURE = '1010: Invalid Transaction: Transaction has a bad signature';
const ZERO_HASH = `0x${'00'.repeat(32)}`;

describe('a signature', () => {
  it('counts for the one that made it, and for what it was made over', async () => {
    const { api, double, validator } = await openDouble();
    const mallory = pairOf('//Mallory');
    const hex = (await signed(api, plainRow(api), mallory, 0)).toHex();
    const inAnothersName = hex.replace(hexOf(mallory.publicKey), hexOf(validator.publicKey));
    expect(await refusal(api, inAnothersName)).toBe(BAD_SIGNATURE);

    const own = (await signed(api, plainRow(api, [65_535, 2, 1]), validator)).toHex();
    expect(await refusal(api, own.replace(/^(.*)ffff/, '$1feff'))).toBe(BAD_SIGNATURE);
    for (const broken of [own.slice(0, -2), `${own}00`, '0x', 'nothing'])
      expect(await rawRequest(double.url, 'author_submitExtrinsic', [broken])).toMatch(
        /^1001: Extrinsic has invalid format/,
      );
    expect(await refusal(api, own)).toBeNull();
    await double.mine();
    expect(double.record.inclusionsOf(validator.address, NETUID)).toHaveLength(1);
  });

  it.each([
    ['genesis', { genesisHash: ZERO_HASH }],
    ['birth block', { blockHash: ZERO_HASH }],
    ['spec version', { runtimeVersion: { specVersion: 474, transactionVersion: 1 } }],
    ['transaction version', { runtimeVersion: { specVersion: 475, transactionVersion: 2 } }],
  ])('does not count with another %s', async (_, other) => {
    const { api, validator } = await openDouble();
    expect(await refusal(api, signedAsSaid(api, validator, other))).toBe(BAD_SIGNATURE);
  });

  it('of a long call is over its hash', async () => {
    const { api, double, validator } = await openDouble();
    const call = tx(api, 'system.remark', `0x${'ab'.repeat(400)}`);
    expect(await refusal(api, await signed(api, call, validator))).toBeNull();
    await double.mine();
    expect(double.record.inclusions.at(-1)?.error).toBeNull();
  });

  /** Signs with these facts of the chain instead of the right ones. */
  function signedAsSaid(api: ApiPromise, pair: ReturnType<typeof pairOf>, said: object): string {
    const genesisHash = api.genesisHash.toHex();
    const call = plainRow(api);
    call.sign(pair, {
      genesisHash,
      blockHash: genesisHash,
      nonce: 0,
      runtimeVersion: api.runtimeVersion,
      signedExtensions: api.registry.signedExtensions,
      ...said,
    });
    return call.toHex();
  }
});

describe('an era', () => {
  it('lets a transaction wait for 32 blocks, and into none of them later', async () => {
    const { api, double, validator } = await openDouble();
    const late = await signed(api, plainRow(api), validator);
    const { number: birth } = double.head();
    await double.mineTo(birth + 30);
    expect(await refusal(api, late)).toBeNull();
    await double.mine();
    expect(double.record.inclusions.at(-1)?.block).toBe(birth + 31);

    const later = await signed(api, plainRow(api), validator);
    const second = double.head().number;
    await double.mineTo(second + 31);
    // as a node has it: at its death the birth block is one that is not there yet, after that another one
    expect(await refusal(api, later)).toMatch(/ancient birth block$/);
    await double.mineTo(second + 40);
    const third = await signed(api, plainRow(api), validator);
    await double.mineTo(double.head().number + 40);
    expect(await refusal(api, third)).toBe(BAD_SIGNATURE);
  });

  it('ends the wait of one that no block took', async () => {
    const { api, double, validator } = await openDouble();
    // a nonce too far, so that no block takes it
    expect(await refusal(api, await signed(api, plainRow(api), validator, 1))).toBeNull();
    await double.mine(40);
    expect((await api.rpc.author.pendingExtrinsics()).length).toBe(0);
    expect(double.record.inclusions).toEqual([]);
  });
});

describe('the pool', () => {
  it('takes the same bytes once, and none of them again after a block had them', async () => {
    const { api, double, validator } = await openDouble();
    const extrinsic = await signed(api, plainRow(api), validator);
    expect(await refusal(api, extrinsic)).toBeNull();
    expect(await refusal(api, extrinsic)).toMatch(/^1013: Transaction Already Imported/);
    await double.mine();
    expect(await refusal(api, extrinsic)).toMatch(/^1012: Transaction is temporarily banned/);
    await double.mine(3);
    expect(double.record.inclusionsOf(validator.address, NETUID)).toHaveLength(1);
    expect(double.record.submissions.map(({ answer }) => answer.slice(0, 8))).toEqual([
      'accepted',
      '1013: Tr',
      '1012: Tr',
    ]);
  });

  it('has one transaction for each nonce, and none for a used one', async () => {
    const { api, double, validator } = await openDouble();
    expect(await refusal(api, await signed(api, plainRow(api), validator))).toBeNull();
    expect(await refusal(api, await signed(api, plainRow(api, [65_535, 1]), validator, 0))).toMatch(
      /^1014: Priority is too low/,
    );
    expect(Number(await api.rpc.system.accountNextIndex(validator.address))).toBe(1);
    await double.mine(8);
    expect(await refusal(api, await signed(api, plainRow(api, [65_535, 2]), validator, 0))).toMatch(
      /Transaction is outdated$/,
    );
  });

  it('lets a nonce wait for the ones before it', async () => {
    const { api, double, validator } = await openDouble({ weightsSetRateLimit: 0 });
    await refusal(api, await signed(api, plainRow(api), validator, 1));
    await double.mine();
    expect(double.record.inclusions).toEqual([]);
    await refusal(api, await signed(api, plainRow(api, [65_535]), validator, 0));
    await double.mine();
    expect(double.record.inclusions.map(({ nonce }) => nonce)).toEqual([0, 1]);
  });

  it('takes one commit of a hotkey at a time', async () => {
    const { api, validator } = await openDouble({ commitReveal: true });
    const call = () => tx(api, 'subtensorModule.commitTimelockedWeights', NETUID, '0x01', 40_000_000, 4);
    expect(await refusal(api, await signed(api, call(), validator, 0))).toBeNull();
    expect(await refusal(api, await signed(api, call(), validator, 1))).toMatch(/^1014/);
  });
});

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
