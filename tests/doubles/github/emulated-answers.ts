/** Mends what emulate answers about repositories and git objects. */
import type { Answer, Call } from './api.ts';
import type { Json, Repositories } from './repositories.ts';

export async function adapt(
  call: Call,
  response: Response,
  context: { readonly repositories: Repositories; readonly treeLimit: number },
): Promise<Answer> {
  const content = Buffer.from(await response.arrayBuffer());
  const body = parse(content.toString('utf8'));
  const headers: Record<string, string> = {};
  const link = response.headers.get('link');
  if (link) headers.link = link;
  const answer = { status: response.status, headers, ...(content.length > 0 && { body: body ?? content }) };
  if (!response.ok || body === null) return answer;
  if (call.path.endsWith('/access_tokens')) return { ...answer, body: await withRepositories(body, context) };
  if (/^\/repos\/[^/]+\/[^/]+$/.test(call.path) && call.repository)
    return { ...answer, body: await context.repositories.json(call.repository, true) };
  if (/\/git\/trees\//.test(call.path) && call.query.has('recursive'))
    return { ...answer, body: cutTree(body, context.treeLimit) };
  if (/\/git\/blobs\//.test(call.path) && call.accept.includes('raw'))
    return { ...answer, body: Buffer.from(String(body.content), 'base64') };
  return answer;
}

async function withRepositories(body: Json, context: { readonly repositories: Repositories }): Promise<Json> {
  if (!Array.isArray(body.repositories)) return body;
  const rows = body.repositories.flatMap(({ id }: { id: number }) => context.repositories.get(id) ?? []);
  return { ...body, repositories: await Promise.all(rows.map((row) => context.repositories.json(row))) };
}

function cutTree(body: Json, limit: number): Json {
  const tree = body.tree as readonly unknown[];
  return tree.length > limit ? { ...body, tree: tree.slice(0, limit), truncated: true } : body;
}

function parse(text: string): Json | null {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
