import { z } from 'zod';
import { type Carrier, requestError } from '#domain';
import type { DeviceModel, ModbusRegister, ModelRegister, OpcUaRegister } from '../../../collectors/contract.ts';
import { extentOf } from '../../../collectors/devices/index.ts';
import { suggest } from '../../../collectors/site/nearest.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { CARRIER_LABELS, WORDS } from '../labels.ts';
import { present, type Sheet } from '../output/present.ts';
import { devicesSchema } from '../shapes-devices.ts';
import { siteModels } from '../wiring/models.ts';

export const devices = command({
  name: 'devices',
  summary: {
    zh: '设备型号库：全部型号，或一个型号的全部寄存器',
    en: 'the device library: all models, or one with its registers',
  },
  args: [{ name: '[id]', text: { zh: '型号；不写则列出全部', en: 'a model; all of them without it' } }],
  options: [
    {
      flags: '--site <file>',
      text: {
        zh: '站点文件：一并列出它旁边 devices 目录里的型号',
        en: 'site file: with the models of the folder devices beside it',
      },
    },
  ],
  examples: [
    { command: 'civicmeter devices', text: { zh: '全部型号', en: 'all models' } },
    {
      command: 'civicmeter devices acrel-adl3000-dtsd1352',
      text: { zh: '一个型号的寄存器', en: 'the registers of one model' },
    },
  ],
  answer: devicesSchema,
  csv: true,
  input: z.strictObject({
    args: z.tuple([z.string()]).or(z.tuple([])),
    site: z.string().optional(),
  }),
  run: async (cli, { args: [id], site }) => {
    const { models } = siteModels({ data: cli.data, site });
    const chosen = id === undefined ? [...models.values()] : [modelIn(models, id)];
    const [one] = chosen;
    present(
      cli,
      { devices: chosen },
      id === undefined || !one
        ? { sheet: listSheet(cli, chosen) }
        : { sheet: registerSheet(cli, one), text: aboutOf(cli, one) },
    );
    return 0;
  },
});

function modelIn(models: ReadonlyMap<string, DeviceModel>, id: string): DeviceModel {
  const model = models.get(id);
  if (model) return model;
  throw requestError('MODEL_NOT_FOUND', `there is no device model "${id}"`, {
    place: '[id]',
    cure: suggest(id, [...models.keys()]).en,
  });
}

function listSheet(cli: Cli, models: readonly DeviceModel[]): Sheet {
  return {
    columns: [
      { heading: cli.say(WORDS.model) },
      { heading: cli.language === 'zh' ? '厂家' : 'vendor' },
      { heading: cli.language === 'zh' ? '铭牌' : 'name plate' },
      { heading: cli.say(WORDS.carrier) },
      { heading: cli.language === 'zh' ? '协议' : 'protocol' },
      { heading: cli.language === 'zh' ? '寄存器' : 'registers', right: true },
      { heading: cli.language === 'zh' ? '置信度' : 'confidence' },
    ],
    rows: models.map((model) => [
      model.id,
      model.vendor,
      model.model,
      carriersOf(model)
        .map((carrier) => cli.say(CARRIER_LABELS[carrier]))
        .join(' '),
      model.protocol,
      String(model.registers.length),
      model.source.confidence,
    ]),
  };
}

const carriersOf = ({ registers }: DeviceModel): readonly Carrier[] => [
  ...new Set(registers.flatMap(({ carrier }) => (carrier === undefined ? [] : [carrier]))),
];

function registerSheet(cli: Cli, model: DeviceModel): Sheet {
  const zh = cli.language === 'zh';
  return {
    columns: [
      { heading: cli.say(WORDS.register) },
      { heading: zh ? '物理量' : 'quantity' },
      { heading: zh ? '单位' : 'unit' },
      { heading: zh ? '原始值 ×' : 'raw ×', right: true },
      { heading: zh ? '满度' : 'wraps at', right: true },
      { heading: zh ? '功能码' : 'fc' },
      { heading: zh ? '地址' : 'address' },
      { heading: zh ? '类型' : 'type' },
      { heading: zh ? '字节序' : 'order' },
      { heading: zh ? '说明' : 'note' },
    ],
    rows: model.registers.map((register) => rowOf(cli, register)),
  };
}

function rowOf(cli: Cli, register: ModbusRegister | OpcUaRegister): readonly string[] {
  const { name, quantity, unit, scale, modulus = '' } = register;
  const said = [name, quantity, unit, scale, modulus];
  if (!('fc' in register)) return [...said, '', register.path, '', '', noteOf(cli, register)];
  const { from, to } = extentOf(register);
  const address = to - from === 1 ? String(from) : `${from}–${to - 1}`;
  return [...said, String(register.fc), address, register.type, register.order, noteOf(cli, register)];
}

function noteOf(cli: Cli, register: ModelRegister | ModbusRegister): string {
  const parts = 'parts' in register ? (register.parts ?? []) : [];
  const markers = register.markers ?? [];
  return [
    ...parts.map(({ address, type, order, times }) => `+ ${times} × ${type} ${order} @ ${address}`),
    ...(markers.length > 0 ? [`${cli.language === 'zh' ? '无值：' : 'no value: '}${markers.join(', ')}`] : []),
    ...(register.note === undefined ? [] : [register.note]),
  ].join('; ');
}

const RATIO_TEXTS = {
  direct: { zh: '直接接入，无互感器', en: 'direct connection, no transformers' },
  primary: { zh: '读数为一次侧，倍率不写', en: 'primary values: write no multiplier' },
  secondary: {
    zh: '读数为二次侧：站点文件里写倍率 CT × PT',
    en: 'secondary values: write the multiplier CT × PT in the site file',
  },
} as const;

/** What stands below the registers of one model. */
function aboutOf(cli: Cli, model: DeviceModel): string {
  const zh = cli.language === 'zh';
  const lines = [
    `${model.id}: ${model.vendor} ${model.model}`,
    `${zh ? '依据' : 'source'}: ${model.source.document} (${model.source.confidence})`,
  ];
  if (model.protocol === 'opcua') return lines.join('\n');
  const gaps = model.noGaps ? (zh ? '，不可跨越空地址' : ', never across gaps') : '';
  lines.push(
    zh ? `一次最多读 ${model.maxWords} 个寄存器${gaps}` : `${model.maxWords} registers per request at most${gaps}`,
  );
  if (model.ratio) lines.push(cli.say(RATIO_TEXTS[model.ratio]));
  for (const { quantity, fc, address, type, order, note } of model.settings ?? []) {
    lines.push(`${zh ? '设置' : 'setting'} ${quantity}: fc ${fc} @ ${address} ${type} ${order}: ${note}`);
  }
  return lines.join('\n');
}
