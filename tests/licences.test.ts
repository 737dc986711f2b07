import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Locked {
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}
const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Locked>;
};

const PERMISSIVE =
  /^\(?(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|Python-2\.0|WTFPL)( (OR|AND) [\w.-]+)*\)?$/;

describe('the licences of a production install', () => {
  it.each(Object.entries(lock.packages).filter(([name, { dev }]) => name !== '' && dev !== true))(
    '%s is permissive',
    (name, { license }) => {
      const stated =
        license ??
        JSON.parse(readFileSync(new URL(`../${name}/package.json`, import.meta.url), 'utf8')).license;
      expect(stated).toMatch(PERMISSIVE);
    },
  );
});
