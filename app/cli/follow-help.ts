/** The help of `weights --follow`, apart from its code, so that listing it loads nothing. */

export const FOLLOW_HELP = `usage: weights --follow https://referee.example --netuid N --chain wss://NODE[,wss://NODE] [options]

For a validator elsewhere: takes the signed standing of a Referee, checks its signature, computes the shares again from the
published decisions, and sets your weights with your own hotkey, by your own view of the chain. It stops when a published
share does not follow, and names the submission.

  --netuid N              the subnet
  --chain URLS            endpoints of the chain, the preferred one first
  --network NAME          as the Referee names it (default: finney)
  --genesis HASH          hash of block 0 (default: finney's)
  --wallet FILE           ~/.bittensor/wallets/NAME/hotkeys/HOTKEY; without it, it is a dry run
  --password-file FILE    the password of an encrypted hotkey file
  --signer-socket PATH    instead of --wallet: a \`signer\` that runs as another user
  --proxy-for SS58        the key is the NonFungible proxy of this account, whose weights are set
  --hotkey SS58           whose place a dry run without a wallet looks at
  --server-key KEY        trust this key only: its id (16 hex digits) or the key in base64. Without it the first one that is
                          seen is trusted, kept in the state file, and any other refused
  --version-key N         the weights version that this validator runs (default: 0)
  --renormalise           spread what cannot be paid over the winners (default: it goes to the subnet's owner)
  --dry-run               send and store nothing, also with a wallet; prints what would be sent
  --once                  one look, then exit (default of a dry run). Exit code 1 when something needs a person,
                          or no block could be read
  --watch                 look again and again until stopped (default with a wallet)
  --json                  one object per look
  --state FILE            what was sent, and whose key is trusted (default: ~/.local/state/quasar-referee/)
`;
