/** Import findings as GitHub annotations. */
import type { Annotation } from '../github/github.ts';
import { plain, visible } from './escape.ts';
import type { Finding } from './view.ts';

/** GitHub takes 64 KB; nobody reads more than a screen. */
const MAX_MESSAGE = 2_000;
const MAX_TITLE = 120;
const MAX_PATH = 200;

/** All of them, in the order given; GitHub takes 50 with one write, which is the caller's business. */
export function annotationsOf(findings: readonly Finding[]): Annotation[] {
  return findings.map((finding) => {
    const { rule, file, message, advice } = finding;
    const at = lineOf(finding);
    return {
      path: plain(file, MAX_PATH),
      startLine: at,
      endLine: at,
      level: 'failure',
      title: plain(rule, MAX_TITLE),
      message: visible(`${plain(message, MAX_MESSAGE)}\n${plain(advice, MAX_MESSAGE)}`).trim(),
    };
  });
}

/** A line that GitHub takes, whatever was counted. */
export function lineOf({ line }: Pick<Finding, 'line'>): number {
  return Math.max(1, Math.trunc(line) || 1);
}
