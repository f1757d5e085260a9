import { stringify } from 'yaml';
import type { OpcUaConnection } from '../contract.ts';
import type { Browsed, FoundDevice } from './browse.ts';

const MOST_COMMENTS = 500;

/** A first site file from what a server shows: it passes `civicmeter check`, and the rest stands in it as comments. */
export function firstSite(
  connection: OpcUaConnection,
  { variables, cut }: Browsed,
  devices: readonly FoundDevice[],
  words: (key: 'intro' | 'missing' | 'rest' | 'cut') => string,
): string {
  const named = nameAll(devices);
  const site = { site: { id: 'site', name: 'site' }, connections: [connectionEntry(connection)] };
  const entries = named.map(({ id, device }) => {
    const { model, namespace, nodePrefix, missing } = device;
    const entry = stringify([{ id, connection: connection.id, model, namespace, nodePrefix }]);
    return missing.length === 0 ? entry : `# ${words('missing')} ${missing.join(', ')}\n${entry}`;
  });
  const taken = new Set(devices.flatMap(({ namespace, nodePrefix }) => `${namespace}\n${nodePrefix}`));
  const rest = variables.filter(
    ({ namespace, text = '' }) => ![...taken].some((place) => `${namespace}\n${text}`.startsWith(place)),
  );
  const lines = rest
    .slice(0, MOST_COMMENTS)
    .map(({ nodeId, path }) => `#   ${oneLine(path.join('/'))}  ${oneLine(nodeId)}`);
  return [
    `# ${words('intro')}`,
    stringify(site).trimEnd(),
    entries.length === 0 ? 'devices: []' : `devices:\n${entries.join('').replaceAll(/^/gm, '  ').trimEnd()}`,
    ...(lines.length > 0 ? [`# ${words('rest')}`, ...lines] : []),
    ...(cut || rest.length > MOST_COMMENTS ? [`# ${words('cut')}`] : []),
    '',
  ].join('\n');
}

/** A name from outside must not end its comment. */
const oneLine = (text: string): string => text.replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, ' ');

function connectionEntry({ id, kind, endpoint, security, user, certificateHost }: OpcUaConnection): unknown {
  const login =
    user?.kind === 'certificate'
      ? { certificate: user.certificate, key: user.key }
      : user && {
          name: user.name,
          [user.password.from === 'file' ? 'passwordFile' : 'passwordEnv']: user.password.name,
        };
  return {
    id,
    kind,
    endpoint,
    security,
    ...(login ? { user: login } : {}),
    ...(certificateHost ? { certificateHost } : {}),
  };
}

/** Ids from the names of the folders, made to fit and told apart. */
function nameAll(devices: readonly FoundDevice[]): readonly { readonly id: string; readonly device: FoundDevice }[] {
  const taken = new Set<string>();
  return devices.map((device) => {
    const name = (device.path.at(-1) ?? device.nodePrefix)
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, '-')
      .replaceAll(/^[^a-z0-9]+|-+$/g, '')
      .slice(0, 50);
    let id = name || 'meter';
    for (let n = 2; taken.has(id); n += 1) id = `${name || 'meter'}-${n}`;
    taken.add(id);
    return { id, device };
  });
}
