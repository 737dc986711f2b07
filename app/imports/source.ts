/** A file as every rule sees it: the text, its tokens, and places for findings. */
import type { Finding } from './findings.ts';
import { MAX_FINDINGS } from './findings.ts';
import { type Token, tokenize, withUnixLineEnds } from './lexer.ts';
import type { RuleId } from './rules.ts';

export interface FileText {
  /** Path in the repository, as task.json spells it. */
  readonly path: string;
  readonly text: string;
}

export class Source {
  readonly path: string;
  /** Unix line ends; offsets of tokens and nodes count in it. */
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly findings: Finding[] = [];
  private readonly lineStarts: number[] = [0];

  constructor(file: FileText) {
    this.path = file.path;
    this.text = withUnixLineEnds(file.text);
    this.tokens = tokenize(this.text);
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1))
      this.lineStarts.push(at + 1);
  }

  slice(at: { readonly start: number; readonly end: number }): string {
    return this.text.slice(at.start, at.end);
  }

  /** Notes a finding at an offset; beyond the number that is ever shown of a file, notes are dropped. */
  report(rule: RuleId, offset: number, message: string, advice: string): void {
    if (this.findings.length > MAX_FINDINGS) return;
    const { line, column } = this.place(offset);
    this.findings.push({ rule, file: this.path, line, column, message, advice });
  }

  /** Line and column, both from 1; columns count Unicode characters. */
  place(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.lineStarts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    const start = this.lineStarts[low] as number;
    let surrogates = 0;
    for (let at = start; at < offset; at++) if ((this.text.charCodeAt(at) & 0xfc00) === 0xdc00) surrogates++;
    return { line: low + 1, column: offset - start - surrogates + 1 };
  }

  /** Offset of a place as parsers count it: line from 1, column from 1 in UTF-16 units. */
  offsetOf(line: number, column: number): number {
    return Math.min((this.lineStarts[line - 1] ?? this.text.length) + column - 1, this.text.length);
  }

  /** The text with every comment blanked to spaces of the same length, so that no comment can speak to a tool. */
  withoutComments(): string {
    const parts: string[] = [];
    let from = 0;
    for (const token of this.tokens) {
      if (token.kind !== 'comment') continue;
      parts.push(this.text.slice(from, token.start), ' '.repeat(token.end - token.start));
      from = token.end;
    }
    return parts.length === 0 ? this.text : parts.join('') + this.text.slice(from);
  }
}

/** Text of the miner's as a message may show it: short, on one line. */
export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return `\`${line.length > 80 ? `${line.slice(0, 77)}...` : line}\``;
}
