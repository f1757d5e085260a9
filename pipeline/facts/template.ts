import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import {
  QUANTITY_COLUMNS,
  QUANTITY_KINDS,
  type QuantityColumn,
  quantityUnitsOf,
  type Registry,
  QUANTITY_USES,
} from '#domain';
import { kindLabel, useLabel } from './draft.ts';

const HEADERS: Readonly<Record<QuantityColumn, string>> = {
  institution: '机构 institution',
  month: '月份 month',
  kind: '种类 kind',
  use: '用途 use',
  quantity: '数量 quantity',
  unit: '单位 unit',
  cost: '费用（元） cost',
  document: '凭证 document',
  note: '备注 note',
};

const WIDTHS: Readonly<Record<QuantityColumn, number>> = {
  institution: 24,
  month: 12,
  kind: 14,
  use: 14,
  quantity: 14,
  unit: 10,
  cost: 14,
  document: 28,
  note: 28,
};

const bold = (value: string) => ({ value, fontWeight: 'bold' as const });

/**
 * The XLSX to fill in: a row for each institution and month of the year, and a sheet of what may be written. An untouched template imports as
 * nothing: a row without kind, quantity, unit and cost is empty.
 */
export function writeTemplate(registry: Registry, year: number): Promise<Uint8Array> {
  const columns = QUANTITY_COLUMNS.map((column) => ({ width: WIDTHS[column] }));
  const months = Array.from({ length: 12 }, (_, i) => `${year}-${String(i + 1).padStart(2, '0')}`);
  const open = registry.institutions.filter((i) => i.ended === undefined);
  const data: SheetData = [
    QUANTITY_COLUMNS.map((column) => bold(HEADERS[column])),
    ...open.flatMap(({ id }) => months.map((month) => [{ value: id }, { value: month }])),
  ];
  const guide: SheetData = [
    [bold('种类 kind'), bold('单位 unit')],
    ...QUANTITY_KINDS.map((kind) => [
      { value: `${kindLabel(kind)} ${kind}` },
      { value: quantityUnitsOf(kind).join(', ') },
    ]),
    [],
    [bold('用途 use')],
    ...QUANTITY_USES.map((use) => [{ value: `${useLabel(use)} ${use}` }]),
    [],
    [bold('凭证 document')],
    [{ value: '账单、发票的名称或编号；没有凭证的数量照计，但不算有证据' }],
    [{ value: 'name or number of the bill; a quantity without one counts and is not evidenced' }],
    [],
    [bold('机构 institution')],
    ...open.map(({ id, name }) => [{ value: id }, { value: name.zh }, { value: name.en }]),
  ];
  return writeXlsxFile([
    { data, sheet: '数据 data', columns, stickyRowsCount: 1 },
    { data: guide, sheet: '填写说明 guide', columns: [{ width: 28 }, { width: 44 }, { width: 44 }] },
  ])
    .toBuffer()
    .then((buffer) => new Uint8Array(buffer));
}
