import { expect, it } from 'vitest';
import { DAY, HOUR, RANK } from '../../../pipeline/domain/index.ts';
import type { DirectoryRegister } from '../../../pipeline/ledger/directory.ts';
import { forgetUnwritten, NEVER_SWEPT } from '../../../pipeline/ledger/forget.ts';
import { foldReading, type RowKey, rowKey } from '../../../pipeline/ledger/hot.ts';
import { bracketStore, loadRows, markWritten } from '../../../pipeline/ledger/rows.ts';

const REGISTER: DirectoryRegister = { name: 'e', ordinal: 0, kind: 'counter', moduli: [], cuts: [] };
const EMPTY_BOOKS = { readRows: () => Promise.resolve([]) };
const YESTERDAY: RowKey = { deviceKey: 1, day: 20_499, part: 0 };
const TODAY: RowKey = { deviceKey: 1, day: 20_500, part: 0 };

it('rows that were not written since the last look are forgotten, and their holders see it; what is written or waits to be stays', async () => {
  const store = bracketStore();
  const read = async (key: RowKey, hour: number) => {
    await loadRows(EMPTY_BOOKS, store, [key]);
    const row = store.rows.get(rowKey(key));
    if (row) foldReading(row, REGISTER, HOUR, key.day * DAY + hour * HOUR, hour, RANK.good);
    return row;
  };
  const yesterday = await read(YESTERDAY, 23);
  const today = await read(TODAY, 0);
  markWritten(store);
  const first = forgetUnwritten(store, NEVER_SWEPT.brackets);
  expect(store.rows.size).toBe(2);

  await read(TODAY, 1);
  const second = forgetUnwritten(store, first);
  expect([...store.rows.values()]).toEqual([today]);
  expect(yesterday?.gone).toBe(true);

  // dirty still: its version is as it was seen, and nothing of it may be lost
  const third = forgetUnwritten(store, second);
  expect(store.rows.size).toBe(1);
  markWritten(store);
  const fourth = forgetUnwritten(store, third);
  expect(store.rows.size).toBe(1);
  forgetUnwritten(store, fourth);
  expect(store.rows.size).toBe(0);
  expect(today?.gone).toBe(true);
});
