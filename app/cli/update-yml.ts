/** Sets keys of a quasar.yml and leaves the rest of it, comments too, as it stands. Pure. */
import { Document, isMap, isScalar, parseDocument, Scalar, YAMLMap } from 'yaml';
import { CommandError } from './io.ts';

/** `undefined` leaves a key as it is; null for a file that is not there yet. Throws `CommandError` when it is no mapping. */
export function updateYml(text: string | null, values: Readonly<Record<string, string | undefined>>): string {
  const document =
    text === null || text.trim() === '' ? emptyDocument() : parseDocument(text, { schema: 'failsafe' });
  if (document.errors.length > 0)
    throw new CommandError(`quasar.yml is not valid YAML: ${document.errors[0]?.message ?? ''}`, 2);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === ''))
    document.contents = new YAMLMap() as never; // comments only
  if (!isMap(document.contents))
    throw new CommandError('quasar.yml is not a list of `key: value` lines: mend or remove it first', 2);
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const old = document.get(key, true);
    // changing the scalar in place keeps the comment behind it
    if (isScalar(old)) Object.assign(old, { value, type: Scalar.PLAIN, source: undefined });
    else document.set(key, value);
  }
  return document.toString({ lineWidth: 0 });
}

function emptyDocument(): Document {
  return new Document(new YAMLMap(), { schema: 'failsafe' });
}
