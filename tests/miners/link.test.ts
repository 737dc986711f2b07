import { stringToU8a, u8aToHex } from '@polkadot/util';
import { encodeAddress } from '@polkadot/util-crypto/address';
import { ed25519PairFromSeed, ed25519Sign } from '@polkadot/util-crypto/ed25519';
import { sr25519PairFromSeed, sr25519Sign } from '@polkadot/util-crypto/sr25519';
import { describe, expect, it } from 'vitest';
import { hotkeyOf, linkMessage, parseHotkey, signLink, verifyLink } from '../../app/miners/link.ts';

const seed = new Uint8Array(32).fill(7);
const pair = sr25519PairFromSeed(seed);
const { hotkey } = hotkeyOf(seed);
const subject = { network: 'finney', netuid: 24, repoId: 1001, ownerId: 2002, hotkey };
const signed = (text: string) => u8aToHex(sr25519Sign(stringToU8a(text), pair));

describe('the link message', () => {
  it('is the exact line of the interface', () => {
    expect(linkMessage({ ...subject, hotkey: '5X' })).toBe(
      'quasar-referee/link/v1 network=finney netuid=24 repo=1001 owner=2002 hotkey=5X',
    );
  });

  it.each([{ network: 'a b' }, { network: '' }, { netuid: -1 }, { repoId: 1.5 }, { ownerId: Number.NaN }])(
    'refuses parts that could be read in two ways: %j',
    (part) => {
      expect(() => linkMessage({ ...subject, ...part })).toThrow();
    },
  );
});

describe('a link signature', () => {
  it('verifies when made by the hotkey, with and without 0x', () => {
    const signature = signLink(subject, seed);
    expect(verifyLink({ ...subject, signature })).toEqual({ ok: true, form: 'plain' });
    expect(verifyLink({ ...subject, signature: signature.slice(2) })).toEqual({ ok: true, form: 'plain' });
  });

  it('verifies over the message in the <Bytes> of browser wallets', () => {
    const signature = signed(`<Bytes>${linkMessage(subject)}</Bytes>`);
    expect(verifyLink({ ...subject, signature })).toEqual({ ok: true, form: 'wrapped' });
  });

  it.each([{ network: 'test' }, { netuid: 25 }, { repoId: 1002 }, { ownerId: 2003 }])(
    'does not carry over to %j',
    (other) => {
      const outcome = verifyLink({ ...subject, ...other, signature: signLink(subject, seed) });
      expect(outcome).toMatchObject({ ok: false, code: 'signature_mismatch' });
    },
  );

  it('of another hotkey is refused, and the message to sign is shown', () => {
    const other = hotkeyOf(new Uint8Array(32).fill(8)).hotkey;
    const outcome = verifyLink({ ...subject, hotkey: other, signature: signLink(subject, seed) });
    expect(outcome).toMatchObject({ ok: false, code: 'signature_mismatch' });
    expect(outcome.ok ? '' : outcome.why).toContain(linkMessage({ ...subject, hotkey: other }));
  });

  it('by an ed25519 key of the same address is refused', () => {
    const ed = ed25519PairFromSeed(seed);
    const address = encodeAddress(ed.publicKey, 42);
    const message = linkMessage({ ...subject, hotkey: address });
    const signature = u8aToHex(ed25519Sign(stringToU8a(message), ed));
    expect(verifyLink({ ...subject, hotkey: address, signature })).toMatchObject({
      ok: false,
      code: 'signature_mismatch',
    });
  });

  it('with a type byte in front says which digits to remove', () => {
    const signature = `0x01${signLink(subject, seed).slice(2)}`;
    expect(verifyLink({ ...subject, signature })).toMatchObject({
      code: 'signature_length',
      mend: 'remove its first two digits (01)',
    });
  });

  it.each([
    ['', 'signature_length'],
    ['0x', 'signature_length'],
    ['zz', 'signature_format'],
    ['00'.repeat(64), 'signature_mismatch'],
    ['ff'.repeat(64), 'signature_mismatch'],
  ])('%j is refused as %s', (signature, code) => {
    expect(verifyLink({ ...subject, signature })).toMatchObject({ ok: false, code });
  });

  it('is not made with a secret of another hotkey', () => {
    expect(() => signLink(subject, new Uint8Array(32).fill(9))).toThrow(/not that of hotkey/);
  });
});

describe('a hotkey', () => {
  it.each([
    [encodeAddress(pair.publicKey, 0), /another network/],
    [`${hotkey.slice(0, -1)}${hotkey.endsWith('a') ? 'b' : 'a'}`, /checksum/],
    [u8aToHex(pair.publicKey), /public key in hex/],
    [encodeAddress(new Uint8Array(32), 42), /all-zero/],
    ['', /empty/],
    ['5abc', /SS58/],
    [`${hotkey}\n`, /SS58/],
  ])('%j is refused with its reason', (text, why) => {
    const outcome = parseHotkey(text);
    expect(outcome.ok).toBe(false);
    expect(outcome.ok ? '' : outcome.why).toMatch(why);
  });
});
