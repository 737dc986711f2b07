/** Lists that GitHub hands out by the page. */
import type { Page } from './transport.ts';

export const PER_PAGE = 100;

/** Yields the answers one page after another until GitHub names no next one. */
export async function* eachPage<A>(read: (page: number) => Promise<Page<A>>): AsyncGenerator<A> {
  for (let page = 1; ; page += 1) {
    const { answer, next } = await read(page);
    yield answer;
    if (next === null) return;
  }
}
