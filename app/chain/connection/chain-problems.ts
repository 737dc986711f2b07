/** What a refusal of the chain means for whoever runs the validator: what it is, and what to do. Pure. */
import type { ChainProblem, ChainProblemCode } from '../chain.ts';

/** One for each code. */
const ADVICE: Readonly<Record<ChainProblemCode, string>> = {
  too_fast: "the subnet's rate limit has not passed since the last weights; they are sent again when it has",
  stake_too_low:
    'the hotkey has less stake on this subnet than setting weights takes (StakeThreshold): add stake to it, or have it delegated',
  no_permit:
    'the hotkey has no validator permit on this subnet: it needs more stake than the last of the permitted ones, and the next epoch decides',
  not_registered:
    'the hotkey is not registered on this subnet: register it again, or correct the configured hotkey or netuid',
  version_key:
    "the subnet's owner asks for a newer weights version: find out what changed, update Quasar Referee, then set WEIGHTS_VERSION_KEY",
  commit_reveal_on:
    'the subnet takes only timelocked commits since its owner turned commit-reveal on; the next attempt commits',
  commit_reveal_off:
    'the subnet takes only plain weights since its owner turned commit-reveal off; the next attempt sends them plainly',
  commit_version:
    'the chain wants another version of timelocked commits: update Quasar Referee to one that knows it',
  round_too_early:
    'the drand round of the commit has been published already; the next attempt takes a later one. Where this repeats, check the clock of this machine',
  too_many_commits:
    'ten commits of this hotkey wait for their reveal already; the next attempt waits for one of them',
  commit_too_large: 'the encrypted row is larger than the chain takes: the row names too many uids',
  row_length: 'the row has another number of uids than of values: report this as a defect of Quasar Referee',
  row_uids:
    'the row names a uid twice or one that the subnet does not have; the next attempt reads the subnet again. Where this repeats, report it as a defect',
  row_too_short: 'the row names fewer uids than MinAllowedWeights; the next attempt reads that number again',
  row_too_high:
    'a value of the row is above the limit of the subnet: update Quasar Referee to a version that knows this runtime',
  no_subnet: 'there is no such subnet: correct the configured netuid or network',
  no_mechanism: 'the subnet, or its mechanism 0, does not exist: correct the configured netuid or network',
  root_subnet: 'the root network takes no weights: configure the netuid of the subnet',
  consensus_mode: 'the subnet does not run Yuma, so that weights count for nothing: ask its owner',
  coldkey_swap:
    'the coldkey of this hotkey is being swapped: no weights are taken until that has ended or was called off',
  proxy:
    'the account did not make the signing key its NonFungible proxy, or took that back: add the proxy again, or change WALLET_PROXY_FOR',
  bad_signature:
    'the chain computes other bytes to sign, as after an upgrade of its runtime: it is signed anew. Where this repeats, check that the signer has the right key',
  outdated:
    'another transaction of this key took its nonce, or its time has passed: it is signed anew. Use the hotkey nowhere else',
  payment: 'the signing account cannot pay the fee of this transaction: send it a little TAO',
  unknown: 'this refusal is not known here: look it up, and report it if weights stay away',
};

/** `said`: the chain's own words, which end the message. */
export function chainProblem(code: ChainProblemCode, said: string): ChainProblem {
  return { code, message: `${ADVICE[code]} (the chain: ${said.slice(0, 200)})` };
}
