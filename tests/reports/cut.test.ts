import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutMarkdown, GITHUB_MAX_CHARACTERS, MAX_BYTES } from '../../app/reports/cut.ts';

const WHOLE = 'The whole report is on [the page](https://referee.example/submissions/42).';
const bytes = (text: string) => Buffer.byteLength(text);
const count = (text: string, part: string) => text.split(part).length - 1;

describe('cut', () => {
  it('leaves a text alone that fits, to the byte', () => {
    const text = 'x'.repeat(MAX_BYTES);
    expect(cutMarkdown(text, WHOLE)).toBe(text);
    expect(cutMarkdown(`${text}\ny`, WHOLE)).not.toContain('y\n');
  });

  it.each([
    ['ASCII', 'a line of text'],
    ['two bytes', 'zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich'],
    ['three bytes', '量子裁判が判定を下す'],
    ['four bytes', '🧮🏁🧮🏁'],
  ])('keeps whole lines of %s within the limit of GitHub, however it counts', (_kind, line) => {
    const cut = cutMarkdown(Array.from({ length: 9_000 }, () => line).join('\n'), WHOLE);
    expect(bytes(cut)).toBeLessThanOrEqual(MAX_BYTES);
    expect(bytes(cut)).toBeGreaterThan(MAX_BYTES - 400);
    expect([...cut].length).toBeLessThanOrEqual(GITHUB_MAX_CHARACTERS);
    expect(cut).not.toContain('\ufffd');
    const kept = cut.slice(0, cut.indexOf('\n\n_Cut here.')).split('\n');
    expect(new Set(kept)).toEqual(new Set([line]));
    expect(cut.endsWith(`_Cut here. ${WHOLE}_`)).toBe(true);
  });

  it('closes what the cut leaves open, the code block before the fold around it', () => {
    const log = Array.from({ length: 9_000 }, (_, index) => `log line ${index}`).join('\n');
    const cut = cutMarkdown(
      `<details><summary>log</summary>\n\n\`\`\`\`text\n\`\`\`\n${log}\n\`\`\`\`\n\n</details>`,
      WHOLE,
    );
    expect(bytes(cut)).toBeLessThanOrEqual(MAX_BYTES);
    expect(cut).toMatch(/log line \d+\n````\n\n<\/details>\n\n_Cut here\./);
  });

  it('takes tags inside a code block for the text that they are', () => {
    const cut = cutMarkdown(`\`\`\`text\n<details>\n\`\`\`\n${'x\n'.repeat(60_000)}`, WHOLE);
    expect(cut).not.toContain('</details>');
  });

  it('drops one line that is too long by itself, and says so', () => {
    expect(cutMarkdown('🧮'.repeat(60_000), WHOLE)).toBe(`\n\n_Cut here. ${WHOLE}_`);
  });

  it('closes every fold and code block of any report, whatever the limit', () => {
    const block = fc.oneof(
      fc.constantFrom('text', '| a | b |', '量子'),
      fc.constant('<details><summary>s</summary>\n\nbody\n\n</details>'),
      fc.constant('<details><summary>s</summary>\n\n`````text\n```\n<details>\n`````\n\n</details>'),
      fc.constant('```sh\ncurl x\n```'),
    );
    fc.assert(
      fc.property(fc.array(block, { maxLength: 30 }), fc.integer({ min: 150, max: 900 }), (blocks, limit) => {
        const cut = cutMarkdown(blocks.join('\n\n'), WHOLE, limit);
        expect(bytes(cut)).toBeLessThanOrEqual(limit);
        const outside = cut.replace(/^(`{3,})\w*\n[\s\S]*?^\1$/gm, '');
        expect(outside).not.toContain('```');
        expect(count(outside, '<details>')).toBe(count(outside, '</details>'));
      }),
    );
  });

  it('refuses a limit that cannot hold its own notice', () => {
    expect(() => cutMarkdown('x'.repeat(50), WHOLE, 20)).toThrow(RangeError);
  });
});
