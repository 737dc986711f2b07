/** What each reason means to the miner who reads it, and what he can do next. Pure data. */
import type { DECISION_REASONS, IntakeReason, JudgeReason } from '../evaluations/reasons.ts';

export interface Words {
  /** In a title: a few words, lower case. */
  readonly short: string;
  readonly means: string;
  readonly next: string;
}

const PUSH = 'Push the fix: it is judged by itself.';

export const JUDGE_WORDS: Readonly<Record<JudgeReason | (typeof DECISION_REASONS)[number], Words>> = {
  accepted: {
    short: 'accepted',
    means: 'All gates pass, and every timed output was right.',
    next: 'Nothing to do. A faster kernel takes a better place: push it to this branch.',
  },
  import_error: {
    short: 'the kernel could not be imported',
    means: 'The judged tree is the pinned upstream with your five files, and importing it failed.',
    next: `Import \`fla.ops.quasar.chunk\` in a fresh process; the log below is what the worker printed. ${PUSH}`,
  },
  early_exit: {
    short: 'the worker exited early',
    means: 'The process that runs the kernel ended before it had answered.',
    next: `Look for \`exit\`, an abort or an illegal address; the log below is what the worker printed. ${PUSH}`,
  },
  resource_limit: {
    short: 'over a resource limit',
    means: 'The worker asked for more memory, processes or scratch space than the task allows.',
    next: `Use less memory at the target length, or choose a shorter one in \`quasar.yml\`. ${PUSH}`,
  },
  unsupported: {
    short: 'does not fit this device',
    means: 'The kernel cannot run at this length on the device of this task.',
    next: `Choose a shorter target length in \`quasar.yml\`, or make the kernel fit. ${PUSH}`,
  },
  timeout: {
    short: 'out of time',
    means: 'An import, a preparation or a call took longer than the task allows.',
    next: `Compile less, tune less, or choose a shorter target length in \`quasar.yml\`. ${PUSH}`,
  },
  protocol_error: {
    short: 'broke the protocol',
    means: 'The worker answered something that the pinned worker never sends.',
    next: 'A kernel only computes: it must not touch descriptors, processes or the pipes of the worker. This counts as a strike. Push a kernel that leaves them alone.',
  },
  nonfinite: {
    short: 'not finite',
    means:
      'An output holds NaN or infinity, was not written completely, or is not a plain tensor of the promised shape and type.',
    next: `Return o in the shape and type of q, and the final state when it is asked for; write every element, and check for overflow with large inputs. ${PUSH}`,
  },
  op_error: {
    short: 'wrong by more than a gate allows',
    means: 'An output differs from the fp64 reference by more than the limit of its gate.',
    next: `Compare your kernel with the reference on the input of the gate that fails; memory over many chunks is the usual cause. ${PUSH}`,
  },
  logits: {
    short: 'logits differ',
    means: 'A language model around the layer gives other logits with your kernel than with the reference.',
    next: `Small errors add up over layers: look at the precision of your accumulators. ${PUSH}`,
  },
  wrong_output: {
    short: 'a timed output was wrong',
    means: 'The gates passed, but an output that was computed while the clock ran is outside its limit.',
    next: `A kernel must compute every call afresh: the same address may hold new values. ${PUSH}`,
  },
  input_modified: {
    short: 'changed its inputs',
    means: 'An input, a weight or a guard around a buffer is no longer what the judge put there.',
    next: 'Write to the output only, and within it. This counts as a strike. Push a kernel that does.',
  },
  implausible: {
    short: 'faster than the device can be',
    means: 'Outputs are right, but the time is below what this device needs to move the data.',
    next: 'An operator looks at it. You need not do anything; another push does not make it faster.',
  },
  unstable: {
    short: 'times too unstable to rank',
    means: 'The same call took so different times that no figure can be given, twice.',
    next: `Remove what depends on anything but the shape: caches, tuning at run time, data-dependent branches. ${PUSH}`,
  },
  infra: {
    short: 'no verdict: the infrastructure failed',
    means: 'The machines that judge failed, not your kernel. Nothing is held against you.',
    next: 'Press **Re-run** for another attempt.',
  },
  over_claim: {
    short: 'claimed more than was measured',
    means: 'The kernel is right, but slower than 0.9 x what `quasar.yml` claims. Its score is 0.',
    next: 'Lower or remove `claimed_tokens_per_sec` in `quasar.yml`, and push. Claiming nothing costs nothing.',
  },
};

export const INTAKE_WORDS: Readonly<Record<Exclude<IntakeReason, 'unlinked'>, Words>> = {
  bad_file: {
    short: 'a target file cannot be taken',
    means: 'A target file is missing, too large, not UTF-8 text, or not a plain file.',
    next: 'Mend what is listed, and push.',
  },
  syntax_error: {
    short: 'not valid Python',
    means: 'A target file does not parse.',
    next: 'Mend what is listed, and push.',
  },
  missing_import: {
    short: 'a required import is missing',
    means: 'A name that the task requires is not imported at module scope.',
    next: 'Import what is listed, and push.',
  },
  forbidden_import: {
    short: 'something forbidden is used',
    means: 'A target file imports or reaches something that the task does not allow.',
    next: 'Remove what is listed, and push.',
  },
  copy: {
    short: 'copy of an earlier submission',
    means:
      'Somebody else delivered this code first. Comments, docstrings and layout do not count as a difference.',
    next: 'Push a kernel of your own. If it is yours under another account or hotkey, push from that one.',
  },
  superseded: {
    short: 'superseded',
    means: 'A newer push to this branch took its place before it was decided.',
    next: 'See the checks of the newer commit.',
  },
  skipped_by_message: {
    short: 'skipped by the commit message',
    means: 'The commit message holds `[skip quasar]`, so nothing is judged.',
    next: 'Push a commit without it to be judged.',
  },
};
