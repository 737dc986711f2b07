/** Reads raw git objects (git-scm.com, Git Internals) into the rows that emulate answers from. */
import { createHash } from 'node:crypto';
import type { GitObject } from './git.ts';
import type { BlobRow, CommitRow, NewRow, TreeRow } from './rows.ts';

/** Throws unless the content hashes to the id that git gave it. */
export function assertSha({ sha, type, content }: GitObject): void {
  const found = createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex');
  if (found !== sha) throw new Error(`git object ${sha} hashes to ${found}`);
}

export function blobRow(repoId: number, { sha, content }: GitObject): NewRow<BlobRow> {
  const text = content.toString('utf8');
  const isText = !text.includes('\0') && Buffer.from(text).equals(content);
  return {
    repo_id: repoId,
    sha,
    node_id: `B_${sha}`,
    size: content.length,
    content: isText ? text : content.toString('base64'),
    encoding: isText ? 'utf-8' : 'base64',
  };
}

export function treeRow(
  repoId: number,
  { sha, content }: GitObject,
  sizeOf: (blob: string) => number | undefined,
): NewRow<TreeRow> {
  const tree: TreeRow['tree'][number][] = [];
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const end = content.indexOf(0, space);
    const mode = content.subarray(at, space).toString().padStart(6, '0');
    const entry = {
      path: content.subarray(space + 1, end).toString(),
      mode,
      type: typeOfMode(mode),
      sha: content.subarray(end + 1, end + 21).toString('hex'),
    };
    const size = sizeOf(entry.sha);
    tree.push(entry.type === 'blob' && size !== undefined ? { ...entry, size } : entry);
    at = end + 21;
  }
  return { repo_id: repoId, sha, node_id: `T_${sha}`, tree, truncated: false };
}

export function commitRow(repoId: number, { sha, content }: GitObject): NewRow<CommitRow> {
  const text = content.toString('utf8');
  const endOfHeaders = text.indexOf('\n\n');
  const headers = (endOfHeaders < 0 ? text : text.slice(0, endOfHeaders)).split('\n');
  const values = (name: string) =>
    headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const author = identity(values('author')[0]);
  const committer = identity(values('committer')[0]);
  return {
    repo_id: repoId,
    sha,
    node_id: `C_${sha}`,
    message: endOfHeaders < 0 ? '' : text.slice(endOfHeaders + 2).replace(/\n+$/, ''),
    author_name: author.name,
    author_email: author.email,
    author_date: author.date,
    committer_name: committer.name,
    committer_email: committer.email,
    committer_date: committer.date,
    tree_sha: values('tree')[0] ?? '',
    parent_shas: values('parent'),
    user_id: null,
  };
}

function typeOfMode(mode: string): 'blob' | 'tree' | 'commit' {
  if (mode === '040000') return 'tree';
  return mode === '160000' ? 'commit' : 'blob';
}

function identity(line: string | undefined): { name: string; email: string; date: string } {
  const [, name = '', email = '', seconds = '0'] = /^(.*?) ?<(.*)> (\d+) [+-]\d{4}$/.exec(line ?? '') ?? [];
  return { name, email, date: new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z') };
}
