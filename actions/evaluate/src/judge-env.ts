/** The environment of the judge: nothing of the job's (no token, no `ACTIONS_*`, `INPUT_*`, `RUNNER_*`), only what Python and CUDA need. */

const PASSED = new Set([
  ...['PATH', 'HOME', 'XDG_CACHE_HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'LD_LIBRARY_PATH'],
  // the host's own configuration
  ...['QUASAR_LOCK_CLOCKS', 'QUASAR_LOGIT_WEIGHTS'],
]);
const CUDA = /^(CUDA|NVIDIA)_[A-Z0-9_]+$/;
/** Getting upstream goes over the network, perhaps through the host's proxy. */
const NETWORK =
  /^(GITHUB_SERVER_URL|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|GIT_SSL_CAINFO)$/;

export function judgeEnv(
  env: Readonly<Record<string, string | undefined>>,
  step: 'upstream' | 'evaluate',
): Record<string, string> {
  const passed = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      (PASSED.has(entry[0]) || CUDA.test(entry[0]) || (step === 'upstream' && NETWORK.test(entry[0]))),
  );
  return { ...Object.fromEntries(passed), PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' };
}
