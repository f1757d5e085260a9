import type { OpcUaDevice, OpcUaNode } from './device.ts';
import type { ConnectedDevice } from '../contract.ts';

export interface PlacedNode {
  readonly unit: OpcUaDevice;
  readonly node: OpcUaNode;
  readonly nodeId: string;
  /** When the subscription brought its last value; the state of a session. */
  notifiedAt: number;
}

/** The nodes of each device as one session knows them. Devices without their namespace are not in it. */
export type Placement = ReadonlyMap<OpcUaDevice, readonly PlacedNode[]>;

/** Namespaces are stored as URIs: their index may be another after each connect (OPC UA Part 3, 8.2.2). */
export function placementOf(units: readonly OpcUaDevice[], namespaces: readonly string[]): Placement {
  const place = new Map<OpcUaDevice, readonly PlacedNode[]>();
  for (const unit of units) {
    const nodes = unit.nodes.flatMap((node): readonly PlacedNode[] => {
      const nodeId = nodeIdOf(unit.device, node.register.path, namespaces);
      return nodeId === undefined ? [] : [{ unit, node, nodeId, notifiedAt: -Infinity }];
    });
    if (nodes.length > 0) place.set(unit, nodes);
  }
  return place;
}

export function nodeIdOf(
  { namespace, nodePrefix }: ConnectedDevice,
  path: string,
  namespaces: readonly string[],
): string | undefined {
  const index = namespaces.indexOf(namespace ?? '');
  return index < 0 ? undefined : `ns=${index};s=${nodePrefix ?? ''}${path}`;
}
