/** Values of `quasar.yml` as written by hand: strict, with the reason where one is refused. Pure. */

export type Value<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

/** A positive whole number in plain digits; `100_000`, `1e6` and `0x…` are refused by name, because YAML dialects differ on them. */
export function parseWhole(text: string): Value<number> {
  const shown = JSON.stringify(text.slice(0, 40));
  if (!/^\d+$/.test(text)) {
    if (/^-\d+$/.test(text)) return { ok: false, why: `${text.slice(0, 40)} is not positive` };
    if (/^\d+\.\d*$/.test(text)) return { ok: false, why: `${text.slice(0, 40)} is not a whole number` };
    return { ok: false, why: `${shown} is not a number in plain digits` };
  }
  const value = Number(text);
  if (value === 0) return { ok: false, why: '0 is not positive' };
  if (!Number.isSafeInteger(value)) return { ok: false, why: `${shown} is too large` };
  return { ok: true, value };
}

/** A positive finite number in plain decimal digits. */
export function parsePositive(text: string): Value<number> {
  const shown = JSON.stringify(text.slice(0, 40));
  if (!/^-?\d+(\.\d+)?$/.test(text)) return { ok: false, why: `${shown} is not a number in plain digits` };
  const value = Number(text);
  if (value <= 0) return { ok: false, why: `${text.slice(0, 40)} is not positive` };
  // the greatest claim that any device could earn is orders of magnitude below this
  if (value > 1e12) return { ok: false, why: `${shown} is too large` };
  return { ok: true, value };
}

/** What is wrong with a branch name by git's rules (`git check-ref-format`), or null. */
export function branchProblem(name: string): { why: string; mend: string } | null {
  if (name === '')
    return { why: 'branch has no value', mend: 'name a branch, or remove the line for the default branch' };
  if (name.startsWith('refs/'))
    return {
      why: 'branch is a full ref',
      mend: `write branch: ${name.replace(/^refs\/(heads|tags)\//, '').slice(0, 80)}`,
    };
  const bad =
    name.length > 244 ||
    /[\p{Cc}\p{Cf}\s~^:?*[\\]/u.test(name) ||
    /\.\.|@\{|\/\/|^[-/]|[/.]$|^@$/.test(name) ||
    name.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock'));
  return bad
    ? { why: 'this cannot be the name of a branch', mend: 'write the name as `git branch` shows it' }
    : null;
}
