/** HTML from templates: whatever is interpolated is text, unless it came out of a template itself. */
import { visible } from '../../reports/escape.ts';

export class Html {
  constructor(readonly markup: string) {}
}

type Part = Html | string | number | null | undefined | false | readonly Part[];

/**
 * Escapes every interpolated string, in text and in quoted attributes, and shows its invisible and re-ordering
 * characters; null, undefined and false leave nothing.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((whole, string, index) => `${whole}${markupOf(parts[index - 1])}${string}`));
}

function markupOf(part: Part): string {
  if (part instanceof Html) return part.markup;
  if (part === null || part === undefined || part === false) return '';
  if (typeof part === 'object') return part.map(markupOf).join('');
  return visible(String(part)).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** An attribute value that is an address of ours or of the web; anything else, `javascript:` first of all, is none. */
export function address(url: string): string | null {
  if (/^\/(?!\/)/.test(url)) return url;
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : null;
}

/** A link where the address is good, else only its text. */
export function link(url: string | null, content: Part, className = ''): Html {
  const href = url === null ? null : address(url);
  if (href === null) return html`${content}`;
  return html`<a href="${href}"${className !== '' && html` class="${className}"`}>${content}</a>`;
}
