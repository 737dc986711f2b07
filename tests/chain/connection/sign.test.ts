import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TypeRegistry } from '@polkadot/types';
import { hexToU8a } from '@polkadot/util';
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WeightSigner } from '../../../app/chain/signer.ts';
import { remoteSigner } from '../../../app/chain/signer-client.ts';
import { startSignerServer } from '../../../app/chain/signer-server.ts';
import { aDouble, aSigner, connected, STRANGER, VALIDATOR, weights } from './a-chain.ts';

const ACCOUNT = VALIDATOR.hotkey;

describe('a signed call', () => {
  it('is good from the block after the view to 31 blocks after it, and not in the 32nd', async () => {
    const double = await aDouble({ firstBlock: 1_234 });
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const signer = aSigner(double);
    const sign = () => chain.sign(view, weights(view), { account: ACCOUNT, nonce: 0, signer });
    const early = await sign();
    expect(early).toMatchObject({ nonce: 0, birthBlock: 1_234, deathBlock: 1_266 });
    await double.mineTo(early.deathBlock - 2);
    expect(await chain.submit(early.bytes)).toEqual({ kind: 'pending' });
    expect(await double.mine()).toMatchObject({ number: early.deathBlock - 1 });
    expect(double.record.inclusions).toMatchObject([{ hash: early.hash, block: early.deathBlock - 1 }]);
    const late = await chain.sign(view, weights(view), { account: ACCOUNT, nonce: 1, signer });
    expect(await chain.submit(late.bytes)).toMatchObject({ kind: 'refused' });
  });

  it('has the hash of its bytes, and the call, nonce and era that were asked for', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const call = weights(view);
    const { bytes, hash } = await chain.sign(view, call, {
      account: ACCOUNT,
      nonce: 300,
      signer: aSigner(double),
    });
    expect(hash).toBe(blake2AsHex(hexToU8a(bytes), 256));
    const read = view.api.registry.createType('Extrinsic', bytes);
    expect(read.method.toU8a()).toEqual(Uint8Array.from(call));
    expect(read.signer.toString()).toBe(ACCOUNT);
    expect([read.nonce.toNumber(), read.tip.toNumber()]).toEqual([300, 0]);
    expect(read.era.asMortalEra.period.toNumber()).toBe(32);
  });

  it('asks the signer for what polkadot-js asks for', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const real = aSigner(double);
    const signPayload = vi.fn(real.signPayload);
    await chain.sign(view, weights(view), { account: ACCOUNT, nonce: 2, signer: { ...real, signPayload } });
    expect(signPayload).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        address: ACCOUNT,
        blockHash: view.block.hash,
        genesisHash: double.genesisHash,
        nonce: '0x00000002',
        specVersion: '0x000001db',
        transactionVersion: '0x00000001',
        version: 4,
        mode: 0,
        metadataHash: null,
        signedExtensions: expect.arrayContaining(['CheckMortality', 'SubtensorTransactionExtension']),
      }),
    );
  });

  it('may come from a signer in another process', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'quasar-sign-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const double = await aDouble();
    const socketPath = path.join(folder, 'signer.sock');
    const log = () => undefined;
    const server = await startSignerServer({ signer: aSigner(double), socketPath, group: false, log });
    onTestFinished(() => server.stop());
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const request = { account: ACCOUNT, nonce: 0, signer: remoteSigner(socketPath) };
    const { bytes, hash } = await chain.sign(view, weights(view), request);
    expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
    await double.mine();
    expect(double.record.inclusions).toMatchObject([{ hash, error: null }]);
  });
});

describe('nothing is signed', () => {
  it('for a runtime with an extension that adds bytes nobody here knows', async () => {
    const double = await aDouble();
    double.upgrade({ specVersion: 476, unknownExtension: 'CheckSomethingNew' });
    await double.mine(2);
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    expect(view.runtimeProblems).toEqual([
      expect.stringContaining('CheckSomethingNew is unknown and adds bytes'),
    ]);
    const signPayload = vi.fn();
    const signer = { ...aSigner(double), signPayload };
    await expect(
      chain.sign(view, weights(view), { account: ACCOUNT, nonce: 0, signer }),
    ).rejects.toMatchObject({
      code: 'unknown_runtime',
      retryable: false,
      userMessage: expect.stringMatching(/CheckSomethingNew.*update Quasar Referee/),
    });
    expect(signPayload).not.toHaveBeenCalled();
  });

  it('for transactions of another version', async () => {
    const double = await aDouble();
    double.upgrade({ specVersion: 476, transactionVersion: 2 });
    await double.mine(2);
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    expect(view.runtimeProblems).toEqual([expect.stringContaining('version 2 instead of 1')]);
    const request = { account: ACCOUNT, nonce: 0, signer: aSigner(double) };
    await expect(chain.sign(view, weights(view), request)).rejects.toMatchObject({ code: 'unknown_runtime' });
  });

  it('while the newest block has another runtime than the finalized one', async () => {
    const double = await aDouble({ finalityLag: 2 });
    const { chain } = connected([double.url], double);
    await double.mine(3);
    double.upgrade({ specVersion: 476 });
    await double.mine();
    const view = await chain.finalized();
    expect(view.specVersion).toBe(475);
    const request = { account: ACCOUNT, nonce: 0, signer: aSigner(double) };
    await expect(chain.sign(view, weights(view), request)).rejects.toMatchObject({
      code: 'upgrading',
      retryable: true,
    });
    await double.mine(3);
    const after = await chain.finalized();
    expect(after.specVersion).toBe(476);
    const { bytes } = await chain.sign(after, weights(after), request);
    expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
  });

  it('that the runtime would read as another call, or as none', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const signPayload = vi.fn();
    const request = { account: ACCOUNT, nonce: 0, signer: { ...aSigner(double), signPayload } };
    const call = weights(view);
    for (const bytes of [Uint8Array.of(200, 1), Buffer.concat([call, Uint8Array.of(0)]), call.subarray(0, 8)])
      await expect(chain.sign(view, bytes, request)).rejects.toMatchObject({ code: 'protocol' });
    expect(signPayload).not.toHaveBeenCalled();
  });

  it('with a signature that the chain would refuse', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const sign = (signPayload: WeightSigner['signPayload']) =>
      chain.sign(view, weights(view), {
        account: ACCOUNT,
        nonce: 0,
        signer: { ...aSigner(double), signPayload },
      });
    const wrong = { code: 'protocol', userMessage: expect.stringContaining('does not fit') };
    const anything = Buffer.from('anything');
    const bySomebodyElse = `0x01${Buffer.from(STRANGER.sign(anything)).toString('hex')}` as const;
    await expect(sign(async () => ({ id: 1, signature: bySomebodyElse }))).rejects.toMatchObject(wrong);
    // over other bytes: as a signer would that lays them out for another runtime
    const otherBytes = `0x01${Buffer.from(VALIDATOR.sign(anything)).toString('hex')}` as const;
    await expect(sign(async () => ({ id: 1, signature: otherBytes }))).rejects.toMatchObject(wrong);
  });

  it('when the signer refuses, with its own words', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const signer = aSigner({ genesisHash: `0x${'22'.repeat(32)}` });
    await expect(
      chain.sign(view, weights(view), { account: ACCOUNT, nonce: 0, signer }),
    ).rejects.toMatchObject({
      name: 'SignerError',
      code: 'another_genesis',
    });
  });
});

describe('an upgrade on the way', () => {
  it('gets a connection of its own, and is no failure', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const before = await chain.finalized();
    double.upgrade({ specVersion: 476, changedCalls: ['set_mechanism_weights'] });
    await double.mine(2);
    const after = await chain.finalized();
    expect([before.specVersion, after.specVersion]).toEqual([475, 476]);
    expect(chain.status()).toMatchObject({ endpoint: double.url, specVersion: 476, failovers: 0 });
    const shape = ({ calls }: typeof after) =>
      calls.find(({ name }) => name === 'set_mechanism_weights')?.args.length;
    expect([shape(before), shape(after)]).toEqual([5, 6]);
    // runtime APIs are only in metadata that was fetched as a whole
    expect(after.api.call.subnetInfoRuntimeApi?.getMetagraph).toBeDefined();
  });

  it('leaves the blocks before it as they were', async () => {
    const double = await aDouble();
    const old = double.head().number;
    double.upgrade({ specVersion: 476, changedCalls: ['set_mechanism_weights'] });
    await double.mine(3);
    const { chain } = connected([double.url], double);
    expect((await chain.finalized()).specVersion).toBe(476);
    // the block that brought it was still made by the runtime before
    expect((await chain.viewAt(old + 1)).specVersion).toBe(475);
    expect((await chain.viewAt(old + 2)).specVersion).toBe(476);
  });
});

it('reads an era as the runtime does', () => {
  const era = new TypeRegistry().createType('ExtrinsicEra', { current: 1_234, period: 32 }).asMortalEra;
  expect([era.birth(1_234), era.birth(1_265), era.birth(1_266)]).toEqual([1_234, 1_234, 1_266]);
});
