import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chooseCall, KNOWN_CALLS, type MetadataCall, runtimeCalls } from '../../app/chain/calls.ts';
import { aMetadataCall, SPEC_293, SPEC_393 } from './runtimes.ts';

const ON = { commitReveal: true, version: 4 };
const OFF = { commitReveal: false, version: 4 };
const without = (calls: readonly MetadataCall[], ...names: string[]) =>
  calls.filter(({ name }) => !names.includes(name));
const chosen = (calls: readonly MetadataCall[], chain: { commitReveal: boolean; version: number | null }) => {
  const choice = chooseCall(calls, chain);
  return choice.kind === 'call'
    ? `${choice.call.pallet}.${choice.call.index} ${choice.call.name}`
    : choice.code;
};

describe('the call that is sent', () => {
  it('is, with commit-reveal, the timelocked one of a mechanism, else the one without', () => {
    expect(chosen(SPEC_393, ON)).toBe('7.118 commit_timelocked_mechanism_weights');
    expect(chosen(without(SPEC_393, 'commit_timelocked_mechanism_weights'), ON)).toBe(
      '7.113 commit_timelocked_weights',
    );
  });

  it('is, without commit-reveal, the plain one of a mechanism, else the one without', () => {
    expect(chosen(SPEC_393, OFF)).toBe('7.119 set_mechanism_weights');
    expect(chosen(without(SPEC_393, 'set_mechanism_weights'), OFF)).toBe('7.0 set_weights');
    expect(chosen(SPEC_393, { commitReveal: false, version: 9 })).toBe('7.119 set_mechanism_weights');
  });

  it('is one of the two that spec 293 has, whose commits know no hotkey', () => {
    expect(chosen(SPEC_293, { commitReveal: true, version: null })).toBe('7.99 commit_crv3_weights');
    expect(chosen(SPEC_293, { commitReveal: true, version: 3 })).toBe('7.99 commit_crv3_weights');
    expect(chosen(SPEC_293, { commitReveal: false, version: null })).toBe('7.0 set_weights');
    const choice = chooseCall(SPEC_293, { commitReveal: true, version: null });
    expect(choice).toMatchObject({ call: { kind: 'timelocked', payloadVersion: 3 }, passedOver: [] });
  });

  it('stands where the metadata says, wherever that is', () => {
    const moved = SPEC_393.map((call) => ({ ...call, pallet: 8, index: call.index + 1 }));
    expect(chosen(moved, ON)).toBe('8.119 commit_timelocked_mechanism_weights');
  });

  it('is never one of those that fail in silence or need a reveal of our own', () => {
    const names = KNOWN_CALLS.map(({ name }) => name);
    expect(names).not.toContain('batch_set_weights');
    expect(names).not.toContain('commit_crv3_mechanism_weights');
    expect(names.filter((name) => name.includes('reveal'))).toEqual([]);
  });
});

describe('a runtime that changed', () => {
  const changed = aMetadataCall(
    118,
    'commit_timelocked_mechanism_weights(netuid: u16, mecid: u16, commit: Bytes, reveal_round: u64, commit_reveal_version: u16)',
  );

  it('is sent the next known call, and the caller learns what was passed over', () => {
    const calls = [...without(SPEC_393, changed.name), changed];
    expect(chooseCall(calls, ON)).toMatchObject({
      kind: 'call',
      call: { name: 'commit_timelocked_weights' },
      passedOver: [{ name: changed.name, why: expect.stringContaining('mecid: u16') }],
    });
    expect(chooseCall(calls, OFF).passedOver).toEqual([]);
  });

  it('is sent nothing when every known call has other arguments, and the message says which', () => {
    expect(chooseCall([changed], ON)).toMatchObject({
      kind: 'refused',
      code: 'unknown_call',
      message: expect.stringMatching(/^the runtime has no known call for timelocked .*mecid: u16.*update/),
    });
    const renamed = aMetadataCall(
      0,
      'set_weights(netuid: u16, dests: Vec<u16>, values: Vec<u16>, version_key: u64)',
    );
    expect(chosen([renamed], OFF)).toBe('unknown_call');
  });

  it('is sent nothing when it has none of the calls', () => {
    expect(chooseCall([], OFF)).toMatchObject({
      kind: 'refused',
      code: 'unknown_call',
      message: expect.stringContaining('none of their names'),
    });
  });

  it('is sent nothing of a commit-reveal version that we do not speak', () => {
    expect(chooseCall(SPEC_393, { commitReveal: true, version: 5 })).toMatchObject({
      kind: 'refused',
      code: 'unknown_commit_version',
      message: expect.stringContaining('wants commit-reveal version 5'),
    });
    // neither the old payload to a new chain, nor the new one to an old chain
    expect(chosen(SPEC_293, { commitReveal: true, version: 4 })).toBe('unknown_commit_version');
    expect(chosen(SPEC_393, { commitReveal: true, version: null })).toBe('unknown_commit_version');
    expect(chosen(SPEC_393, { commitReveal: true, version: 3 })).toBe('unknown_commit_version');
  });

  it('that has both, uses the one of the version it wants', () => {
    const both = [...SPEC_293, ...SPEC_393];
    expect(chosen(both, ON)).toBe('7.118 commit_timelocked_mechanism_weights');
    expect(chooseCall(both, { commitReveal: true, version: 3 })).toMatchObject({
      call: { name: 'commit_crv3_weights' },
      passedOver: [{ name: 'commit_timelocked_mechanism_weights' }, { name: 'commit_timelocked_weights' }],
    });
  });
});

describe('the README of the room', () => {
  it('lists the known calls in order of preference', () => {
    const readme = readFileSync(new URL('../../app/chain/README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| `(\w+)` +\| (version \d|off) /gm)];
    expect(rows.map(([, name, version]) => [name, version])).toEqual(
      KNOWN_CALLS.map(({ name, payloadVersion }) => [
        name,
        payloadVersion === null ? 'off' : `version ${payloadVersion}`,
      ]),
    );
  });
});

describe('the known calls of a runtime', () => {
  it('are those that it has with these very arguments', () => {
    expect(runtimeCalls(SPEC_293).map(({ index }) => index)).toEqual([99, 0]);
    expect(runtimeCalls(SPEC_393).map(({ index }) => index)).toEqual([118, 113, 119, 0]);
  });
});
