import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cap, code, fenced, plain, prose, visible } from '../../app/reports/escape.ts';
import { NASTY } from './hostile.ts';

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        '`',
        '``',
        '|',
        '\\',
        '\n',
        '\r',
        '@',
        '#1',
        '<b>',
        '&lt;',
        '](',
        '[',
        '*',
        '_',
        'a',
        ' ',
        'http://x',
        'www.',
        '\u202e',
        '\u001b[1m',
        '\ud800',
        '🧮',
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join('')),
);

/** Outside code spans, as a renderer sees it. */
const outsideCode = (markdown: string) => markdown.replace(/`[^`]*`/g, '');

describe('visible', () => {
  it('shows controls, re-ordering and zero-width characters instead of obeying them', () => {
    expect(visible('\u001b[31mred\u0007\u0000')).toBe('␛[31mred␇␀');
    expect(visible('a\u202eb\u2066c\u200bd\ufeffe\u00adf\u{e0041}')).toBe(
      'a<U+202E>b<U+2066>c<U+200B>d<U+FEFF>e<U+00AD>f<U+E0041>',
    );
    expect(visible('\ud800x')).toBe('<U+D800>x');
    expect(visible('é ü 量子 🧮\nnext')).toBe('é ü 量子 🧮\nnext');
  });

  it('keeps three marks of a letter that wears fifty', () => {
    expect(visible(`e${'\u0301'.repeat(50)}x`)).toBe(`e${'\u0301'.repeat(3)}x`);
  });

  it('leaves nothing invisible in any text', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(visible(text)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{DI}\u2028\u2029]/u);
      }),
    );
  });
});

describe('plain', () => {
  it('is one line, capped, without half a character', () => {
    expect(plain('  a \r\n\t b ', 80)).toBe('a b');
    expect(plain('🧮🧮🧮', 4)).toBe('🧮…');
    expect(cap('abcdef', 4)).toBe('abc…');
  });

  it('caps a megabyte before it works on it', () => {
    expect(plain('\u001b\u0301@`'.repeat(300_000), 80).length).toBe(80);
  });
});

describe('code', () => {
  it('is one span on one line for any text, also in a table', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(code(text)).toMatch(/^`[^`|\n]+`$/);
      }),
    );
  });

  it('says when there is nothing', () => {
    expect(code(' ')).toBe('`(empty)`');
  });
});

describe('prose', () => {
  it('keeps backticked names as code and breaks mentions, references and links', () => {
    expect(prose('import `a_b` of @team, see #12, GH-3, https://x.example, www.x.example')).toBe(
      'import `a_b` of @&#8203;team, see \\#&#8203;12, GH&#8203;-3, https:&#8203;//x.example, www&#8203;.x.example',
    );
    expect(prose('<b>`lone')).toBe('&lt;b&gt;&#96;lone');
    expect([prose('1. x'), prose('- x'), prose('--- x')]).toEqual(['1\\. x', '\\- x', '\\--- x']);
  });

  it('holds no tag, link, mention, reference, table cell or line of its own, for any text', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = prose(text);
        expect(shown).not.toMatch(/[\n\r]/);
        const outside = outsideCode(shown);
        expect(outside).not.toMatch(/[<>`]/);
        expect(outside.replace(/\\[\\*_[\]()#+!|~{}$]/g, '')).not.toMatch(/[*_[\]()+!|~{}$]/);
        expect(outside).not.toMatch(/@(?!&#8203;)|:\/\/|www\./);
      }),
    );
  });
});

describe('fenced', () => {
  it('cannot be closed from inside', () => {
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 5 }), (lines) => {
        const [open = '', ...rest] = fenced(lines.join('\n')).split('\n');
        const fence = /^`+/.exec(open)?.[0] ?? '';
        expect(fence.length).toBeGreaterThanOrEqual(3);
        expect(rest.findIndex((line) => line.trim().startsWith(fence))).toBe(rest.length - 1);
      }),
    );
  });

  it('keeps the end of a long log, where the error is', () => {
    const log = `${'early\n'.repeat(5_000)}${'y'.repeat(900)}\nValueError: last`;
    const shown = fenced(log);
    expect(shown).toContain('… (earlier lines left out)');
    expect(shown).toContain('ValueError: last');
    expect(shown.length).toBeLessThan(7_000);
  });

  it('shows forged lines as the text that they are', () => {
    expect(fenced(NASTY)).toContain('␛[1;31mACCEPTED rank 1␛[0m');
  });
});
