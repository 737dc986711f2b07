import { describe, expect, it } from 'vitest';
import { findEntries, type ListTree } from '../../app/github/fork-tree.ts';
import type { Sha } from '../../app/ids.ts';

const sha = (digit: string) => digit.repeat(40) as Sha;
const item = (path: string, type: 'blob' | 'tree' = 'blob', id = sha('f')) => ({
  path,
  type,
  mode: type === 'tree' ? '040000' : '100644',
  sha: id,
  ...(type === 'blob' ? { size: 3 } : {}),
});
const ROOT = sha('a');

describe('findEntries', () => {
  it('asks once where the whole tree fits, and takes exact paths only', async () => {
    const asked: string[] = [];
    const list: ListTree = async (tree, recursive) => {
      asked.push(`${tree} ${recursive}`);
      return { tree: [item('fla/a.py'), item('other/fla/a.py'), item('fla/A.py')], truncated: false };
    };
    expect(await findEntries(list, ROOT, ['fla/a.py', 'fla/b.py'])).toEqual([
      { path: 'fla/a.py', mode: '100644', type: 'blob', sha: sha('f'), size: 3 },
    ]);
    expect(asked).toEqual([`${ROOT} true`]);
  });

  const trees: Record<string, { tree: ReturnType<typeof item>[]; truncated: boolean }> = {
    [ROOT]: { tree: [item('fla', 'tree', sha('b')), item('readme')], truncated: false },
    [sha('b')]: { tree: [item('a.py', 'blob', sha('c')), item('deep')], truncated: false },
  };
  const walked = () => {
    const asked: string[] = [];
    const list: ListTree = async (tree, recursive) => {
      if (recursive) return { tree: [], truncated: true };
      asked.push(tree);
      return trees[tree] ?? { tree: [], truncated: true };
    };
    return { asked, list };
  };

  it('walks a tree that was cut, each directory once', async () => {
    const { list, asked } = walked();
    const found = await findEntries(list, ROOT, ['fla/a.py', 'fla/none.py', 'fla/deep/x.py', 'none/x.py']);
    expect(found).toEqual([{ path: 'fla/a.py', mode: '100644', type: 'blob', sha: sha('c'), size: 3 }]);
    expect(asked).toEqual([ROOT, sha('b')]);
  });

  it('does not take a file for absent when its directory was cut as well', async () => {
    const { list } = walked();
    trees[ROOT]?.tree.push(item('huge', 'tree', sha('d')));
    await expect(findEntries(list, ROOT, ['huge/a.py'])).rejects.toMatchObject({ code: 'too_large' });
  });
});
