import type { ColumnRole } from './outcome.ts';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Names of columns as files have them, in small letters without blanks, hyphens and underscores. */
export const COLUMN_NAMES: Readonly<Record<ColumnRole, readonly string[]>> = {
  register: words(`
    meter register point serial serialno serialnumber meterid meterno meternumber meterserial
    表号 表计 表计号 表计编号 电表 电表号 水表 水表号 气表号 仪表 仪表号 仪表编号 表具号 测点 测点号 测点编号
    计量点 计量点编号 寄存器 户表号 资产编号 出厂编号`),
  device: words('device deviceid 设备 设备号 设备编号'),
  date: words('date day readingdate 日期 抄表日期 读数日期'),
  time: words(`
    time timestamp datetime at ts tslocal localtime timelocal readingtime readat when
    时间 抄表时间 读数时间 采集时间 数据时间 读表时间 时刻 时间戳`),
  value: words(`
    value reading readingvalue registervalue registerreading meterreading index total cumulative
    读数 示数 表码 表底 止码 抄表读数 抄表示数 本期读数 本次读数 本期示数 本次示数 表显 累计值 数值`),
  unit: words('unit units uom 单位 计量单位'),
};
