import { z } from 'zod';
import { command } from '../command.ts';
import { openFoundation } from '../wiring/foundation.ts';
import { historianOf } from '../wiring/historian.ts';
import { noArgs } from './common.ts';

export const historianRebuild = command({
  name: 'historian rebuild',
  summary: {
    zh: '从日志重写时序库：清除其位置，运行中的程序随即从头写入',
    en: 'writes the historian anew from the log: its position is cleared, and the running program begins again',
  },
  options: [],
  examples: [
    {
      command: 'CIVICMETER_INFLUX=http://influx:8086 civicmeter historian rebuild',
      text: { zh: '时序库丢失之后', en: 'after the historian was lost' },
    },
  ],
  input: z.strictObject({ args: noArgs }),
  run: async (cli) => {
    const { books, closer } = await openFoundation(cli, { create: false });
    try {
      const { positions } = historianOf(cli, books, { required: true });
      await positions.reset();
      cli.io.err(
        cli.language === 'zh'
          ? '位置已清除；start 或 stream 运行时从日志重写，日志已不保留的部分无法重写。\n'
          : 'The position is cleared; start or stream write it anew from the log. What the log no longer holds cannot be written.\n',
      );
      return 0;
    } finally {
      await closer.closeAll();
    }
  },
});
