/** Variables of the old validator that no longer do anything, and where their meaning went. */

export const RETIRED: Readonly<Record<string, string>> = {
  WALLET_VALIDATOR_NAME: 'WALLET_FILE names the file of the hotkey',
  REFERENCE_MODEL: 'the judge compares with its own reference',
  COSINE_SIM_THRESHOLD: 'limits are part of kernels/<task>/task.json',
  MAX_ABS_DIFF_THRESHOLD: 'limits are part of kernels/<task>/task.json',
  ENABLE_LOGIT_VERIFICATION: 'logits are always verified',
  BLOCKS_UNTIL_REVEAL: 'there is no commit-reveal of submissions',
  BLOCK_TIME_SECONDS: 'there is no commit-reveal of submissions',
  POLLING_INTERVAL:
    'pushes arrive as webhooks; RECONCILE_INTERVAL_MS says how often lost ones are looked for',
  GITHUB_USERNAME: 'forks register with quasar.yml and the App installation',
  TARGET_SEQUENCE_LENGTH: 'each fork sets target_sequence_length in quasar.yml',
  AGENT_ITERATIONS: 'it belonged to the old miner',
  OPTIMIZATION_INTERVAL: 'it belonged to the old miner',
  MINER_MAX_RETRIES: 'it belonged to the old miner',
  WEBHOOK_PROXY_URL: 'the App answers webhooks itself; point the tunnel at its port',
  REDIS_URL: 'state lives in DATABASE_URL',
};

/** Old switches that would weaken a rule: their value is refused rather than passed over. */
export function refusedRetired(name: string, value: string): string | null {
  if (name === 'ENABLE_LOGIT_VERIFICATION' && /^(false|0|no|off)$/i.test(value.trim()))
    return 'asks for logits not to be verified, which the Referee cannot do: remove it';
  return null;
}
