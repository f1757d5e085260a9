import { resolve } from 'node:path';
import { z } from 'zod';
import { configError } from '#domain';
import { createTelemetry, silentLogger } from '#platform';
import type { OpcUaConnection, OpcUaUser } from '../../../collectors/contract.ts';
import { command } from '../command.ts';
import { present } from '../output/present.ts';
import { browseSchema } from '../shapes-opcua.ts';
import { filesOf } from '../wiring/data-folder.ts';
import { siteModels } from '../wiring/models.ts';

const WORDS = {
  intro: {
    zh: '由 civicmeter browse 写成的站点文件初稿：补全名称、机构和计量点。',
    en: 'First draft of a site file by civicmeter browse: add names, institutions and points.',
  },
  missing: { zh: '服务器没有型号的这些寄存器：', en: 'the server does not have these registers of the model:' },
  rest: { zh: '不属于任何已知型号的变量：', en: 'variables that belong to no known model:' },
  cut: { zh: '还有更多，未列出。', en: 'There is more; it is not listed.' },
} as const;

const inputSchema = z.strictObject({
  args: z.tuple([z.string().regex(/^opc\.tcp:\/\/.+/, 'opc.tcp://host:4840/path')]),
  security: z.enum(['none', 'sign', 'sign-and-encrypt']).default('sign-and-encrypt'),
  user: z.string().min(1).optional(),
  passwordEnv: z.string().min(1).optional(),
  passwordFile: z.string().min(1).optional(),
  certificate: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
  certificateHost: z.string().min(1).optional(),
  from: z.string().min(1).optional(),
  timeoutMs: z.coerce.number().int().min(100).max(60_000).default(10_000),
});

export const browse = command({
  name: 'browse',
  summary: {
    zh: '浏览 OPC UA 服务器，写出站点文件初稿',
    en: 'walks through an OPC UA server and writes a first site file',
  },
  args: [{ name: '<endpoint>', text: { zh: 'opc.tcp://主机:端口/路径', en: 'opc.tcp://host:port/path' } }],
  options: [
    {
      flags: '--security <mode>',
      text: { zh: 'none、sign 或 sign-and-encrypt（默认）', en: 'none, sign or sign-and-encrypt (the default)' },
    },
    { flags: '--user <name>', text: { zh: '用户名', en: 'user name' } },
    {
      flags: '--password-env <name>',
      text: { zh: '存放密码的环境变量', en: 'environment variable with the password' },
    },
    { flags: '--password-file <file>', text: { zh: '存放密码的文件', en: 'file with the password' } },
    { flags: '--certificate <file>', text: { zh: '用户证书（PEM）', en: 'certificate of the user (PEM)' } },
    { flags: '--key <file>', text: { zh: '用户证书的私钥（PEM）', en: 'its private key (PEM)' } },
    {
      flags: '--certificate-host <host>',
      text: { zh: '服务器证书上的主机名', en: 'host that the certificate of the server bears' },
    },
    {
      flags: '--from <node>',
      text: { zh: '从此节点往下，默认 Objects', en: 'begin at this node; Objects by default' },
    },
    { flags: '--timeout-ms <n>', text: { zh: '等待应答的毫秒数', en: 'how long an answer may take, in ms' } },
  ],
  examples: [
    {
      command: 'civicmeter browse opc.tcp://10.0.0.7:4840 > site.yaml',
      text: { zh: '之后用 civicmeter check site.yaml', en: 'then civicmeter check site.yaml' },
    },
    {
      command: 'civicmeter browse opc.tcp://10.0.0.7:4840 --user meter --password-env UA_PASSWORD',
      text: { zh: '密码不写在命令行里', en: 'the password is not written on the command line' },
    },
  ],
  answer: browseSchema,
  input: inputSchema,
  run: async (cli, input) => {
    const [endpoint] = input.args;
    const { security, timeoutMs, certificateHost } = input;
    const user = userOf(input);
    const connection: OpcUaConnection = {
      kind: 'opcua',
      id: 'ua',
      endpoint,
      security,
      timeoutMs,
      user,
      certificateHost,
    };
    const { clock, env } = cli.io;
    const certificates = resolve(filesOf(cli.data).certificates);
    // loaded when it is asked for: the library behind it is large
    const opcUa = await import('../../../collectors/opcua/index.ts');
    const { browseServer, devicesAmong, firstSite, opcUaClient, routeLibraryLog } = opcUa;
    routeLibraryLog(createTelemetry(silentLogger()));
    const session = await opcUaClient(connection, { certificates, env, now: clock.now })();
    try {
      const browsed = await browseServer(session, { from: input.from });
      const devices = devicesAmong(browsed.variables, siteModels({ data: cli.data }).models);
      const site = firstSite(connection, browsed, devices, (key) => cli.say(WORDS[key]));
      present(
        cli,
        {
          endpoint,
          site,
          devices: devices.map(({ path: _path, ...device }) => device),
          variables: browsed.variables.map(({ nodeId, path }) => ({ nodeId, path: path.join('/') })),
          cut: browsed.cut,
        },
        { text: site },
      );
    } finally {
      await session.close();
    }
    return 0;
  },
});

/** Throws OPCUA_USER_UNCLEAR. */
function userOf(input: z.output<typeof inputSchema>): OpcUaUser | undefined {
  const { user: name, passwordEnv, passwordFile, certificate, key } = input;
  const given = [name, passwordEnv, passwordFile, certificate, key].filter((one) => one !== undefined).length;
  if (given === 0) return undefined;
  if (given === 2 && name && passwordEnv) {
    return { kind: 'password', name, password: { from: 'environment', name: passwordEnv } };
  }
  if (given === 2 && name && passwordFile) {
    return { kind: 'password', name, password: { from: 'file', name: passwordFile } };
  }
  if (given === 2 && certificate && key) return { kind: 'certificate', certificate, key };
  throw configError('OPCUA_USER_UNCLEAR', 'the options do not say how to log in', {
    place: '--user, --password-env, --password-file, --certificate, --key',
    cure: 'give --user with --password-env or --password-file, or --certificate with --key',
  });
}
