/** Short words for reasons, states and times, as pages show them. */
import type { Conclusion, Reason } from '../../evaluations/reasons.ts';
import type { Progress } from '../../evaluations/schema.ts';
import { plain } from '../../reports/escape.ts';
import { moment } from '../../reports/figures.ts';
import type { ForkName } from '../read-model.ts';
import { type Html, html } from './html.ts';

/** The colour of a state: also said in words wherever it is used. */
export type Tone = 'good' | 'bad' | 'warn' | 'idle' | 'live';

const REASONS: Readonly<Record<Reason, string>> = {
  accepted: 'Accepted',
  import_error: 'The worker could not import the kernel',
  early_exit: 'The worker ended before it answered',
  resource_limit: 'A memory, process or disk limit was reached',
  unsupported: 'The kernel does not support this device or length',
  timeout: 'A call took too long',
  protocol_error: 'The worker broke the protocol',
  nonfinite: 'An output is not finite',
  op_error: 'An output is outside its limit',
  logits: 'The logits are outside their limit',
  wrong_output: 'A timed output is outside its limit',
  input_modified: 'The kernel changed its inputs',
  implausible: 'The figure is not plausible; the operator looks at it',
  unstable: 'The timing was not steady',
  infra: 'The infrastructure failed; not the kernel',
  unlinked: 'quasar.yml does not link the fork to a hotkey',
  bad_file: 'A target file cannot be taken',
  syntax_error: 'A target file is not valid Python',
  missing_import: 'A required import is missing',
  forbidden_import: 'An import is not allowed',
  copy: 'A copy of code that arrived earlier',
  superseded: 'A newer push took its place',
  skipped_by_message: 'The commit message asked to be skipped',
  over_claim: 'Measured less than 0.9 of the claim: score 0',
};

export const reasonInWords = (reason: Reason): string => REASONS[reason];

export function toneOfReason(reason: Reason): Tone {
  if (reason === 'accepted') return 'good';
  if (['superseded', 'skipped_by_message', 'infra'].includes(reason)) return 'idle';
  return ['unlinked', 'implausible', 'unstable', 'over_claim', 'copy'].includes(reason) ? 'warn' : 'bad';
}

export function toneOfConclusion(conclusion: Conclusion): Tone {
  if (conclusion === 'success') return 'good';
  if (conclusion === 'failure' || conclusion === 'timed_out') return 'bad';
  return conclusion === 'action_required' ? 'warn' : 'idle';
}

const STAGES: Readonly<Record<Progress['stage'], string>> = {
  tree: 'building the tree',
  prepare: 'preparing inputs',
  public: 'checking gates',
  secret: 'timing',
  logits: 'comparing logits',
};

export function progressInWords(progress: Pick<Progress, 'stage' | 'done' | 'total'> | null): string {
  if (progress === null) return 'starting';
  const count = progress.total > 0 ? ` ${progress.done} of ${progress.total}` : '';
  return `${STAGES[progress.stage]}${count}`;
}

export function forkName(fork: ForkName | null): Html {
  if (fork === null) return html`<span class="quiet">private repository</span>`;
  return html`${plain(fork.owner, 40)}<span class="quiet">/</span>${plain(fork.name, 60)}`;
}

/** `5GrwvaEF…utQY`; the whole of it in the title. */
export function shortHotkey(hotkey: string | null): Html {
  if (hotkey === null) return html`<span class="quiet">no hotkey</span>`;
  const shown = plain(hotkey, 64);
  return html`<code title="${shown}">${shown.length > 16 ? `${shown.slice(0, 8)}…${shown.slice(-4)}` : shown}</code>`;
}

export function when(unixMs: number, now: number): Html {
  const iso = new Date(unixMs).toISOString();
  return html`<time datetime="${iso}" title="${moment(unixMs)}">${ago(now - unixMs)}</time>`;
}

/** To the second: steps of one submission often share a minute. */
export function exactly(unixMs: number): Html {
  const iso = new Date(unixMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 1440)} days ago`;
}

export function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}
