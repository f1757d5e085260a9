import { describe, expect, test } from 'vitest';
import { pickAccount } from '../../../../pipeline/books/embedded/account.ts';

const ROOT = 'root:x:0:0:root:/root:/bin/bash';
const POSTGRES = 'postgres:x:101:104::/var/lib/postgresql:/bin/bash';
const NOBODY = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin';

describe('the account of the server', () => {
  test.each([
    [
      'an account of its own before all others',
      [NOBODY, POSTGRES, 'civicmeter:x:900:901::/:/bin/false'],
      { uid: 900, gid: 901 },
    ],
    ['postgres where there is one', [NOBODY, POSTGRES], { uid: 101, gid: 104 }],
    ['nobody on a bare system', [NOBODY], { uid: 65_534, gid: 65_534 }],
    ['never root, whatever its name', ['postgres:x:0:0::/:/bin/sh'], undefined],
    ['none where there is none', [], undefined],
  ])('is %s', (_, lines, account) => {
    expect(pickAccount([ROOT, ...lines, ''].join('\n'))).toEqual(account);
  });
});
