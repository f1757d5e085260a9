import type { ConnectedDevice, DeviceModel, OpcUaRegister } from '../contract.ts';
import { faceValue, resolveRegister } from '../devices/index.ts';
import { nodeIdOf } from '../opcua/placement.ts';
import { rawOf, type Sample, severityOf } from '../opcua/sample.ts';
import type { Session } from '../opcua/session.ts';
import { physicalOf } from './physical.ts';
import { absent, type ReadValue } from './read-device.ts';

type OpcUaModel = Extract<DeviceModel, { readonly protocol: 'opcua' }>;

/** Reads the nodes of one device once. Rejects with what the session rejects with. */
export async function readOpcUaDevice(
  session: Pick<Session, 'namespaces' | 'read'>,
  device: ConnectedDevice,
  model: OpcUaModel,
): Promise<readonly ReadValue[]> {
  const namespaces = await session.namespaces();
  const nodeIds = model.registers.map(({ path }) => nodeIdOf(device, path, namespaces));
  const samples = await session.read(nodeIds.filter((nodeId) => nodeId !== undefined));
  let taken = 0;
  return model.registers.map((register, i) => {
    const sample = nodeIds[i] === undefined ? undefined : samples[taken++];
    return sample ? valueOf(register, sample) : absent(register, 'namespace-unknown');
  });
}

function valueOf(register: OpcUaRegister, sample: Sample): ReadValue {
  const at = sample.sourceAt ?? sample.serverAt ?? null;
  const severity = severityOf(sample.status);
  if (severity === 'bad') return absent(register, sample.statusName, null, at);
  const raw = rawOf(sample);
  if (raw === undefined) return absent(register, 'not-a-number', null, at);
  const resolved = resolveRegister(register);
  const face = faceValue(raw, resolved, register.markers);
  if (!face.ok) return absent(register, face.reason, null, at);
  return {
    ...absent(register, sample.statusName, null, at),
    ...physicalOf(face.value, register, resolved),
    quality: severity,
    reason: severity === 'good' ? null : sample.statusName,
  };
}
