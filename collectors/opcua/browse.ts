import type { DeviceModel } from '../contract.ts';
import type { FoundNode, Session } from './session.ts';

/** A variable of a server's address space. */
export interface FoundVariable {
  readonly nodeId: string;
  /** Names from the Objects folder down. */
  readonly path: readonly string[];
  /** Namespace URI and the text of its node id; absent where it has a number. */
  readonly namespace?: string | undefined;
  readonly text?: string | undefined;
}

export interface Browsed {
  readonly variables: readonly FoundVariable[];
  /** There is more than the bounds allow. */
  readonly cut: boolean;
}

export interface BrowseBounds {
  readonly nodes: number;
  readonly depth: number;
}

/** Enough for a building; a server with more is browsed from a folder within. */
export const BROWSE_BOUNDS: BrowseBounds = { nodes: 20_000, depth: 12 };
const OBJECTS = 'i=85';

/** Walks down from a node (the Objects folder by default), breadth first, each node once, what OPC UA itself defines left out. */
export async function browseServer(
  session: Pick<Session, 'namespaces' | 'browse'>,
  {
    from = OBJECTS,
    bounds = BROWSE_BOUNDS,
  }: { readonly from?: string | undefined; readonly bounds?: BrowseBounds } = {},
): Promise<Browsed> {
  const namespaces = await session.namespaces();
  const seen = new Set([from]);
  const variables: FoundVariable[] = [];
  let level: readonly { readonly nodeId: string; readonly path: readonly string[] }[] = [{ nodeId: from, path: [] }];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= bounds.depth) return { variables, cut: true };
    const next: { readonly nodeId: string; readonly path: readonly string[] }[] = [];
    for (const { nodeId, path } of level) {
      for (const child of await session.browse(nodeId)) {
        if (isOpcUasOwn(child) || seen.has(child.nodeId)) continue;
        if (seen.size >= bounds.nodes) return { variables, cut: true };
        seen.add(child.nodeId);
        const below = [...path, child.name];
        if (child.kind === 'variable') variables.push(variableOf(child, below, namespaces));
        next.push({ nodeId: child.nodeId, path: below });
      }
    }
    level = next;
  }
  return { variables, cut: false };
}

/** Namespace 0 is the same in every server: Server, Types, properties such as EURange. */
const isOpcUasOwn = ({ nodeId }: FoundNode): boolean => !nodeId.startsWith('ns=') || nodeId.startsWith('ns=0;');

function variableOf({ nodeId }: FoundNode, path: readonly string[], namespaces: readonly string[]): FoundVariable {
  const [, index = '', text = ''] = /^ns=(\d+);s=(.*)$/s.exec(nodeId) ?? [];
  return text === '' ? { nodeId, path } : { nodeId, path, namespace: namespaces[Number(index)], text };
}

/** Variables that together are a device of a known model. */
export interface FoundDevice {
  readonly model: string;
  readonly namespace: string;
  readonly nodePrefix: string;
  /** Registers of the model that are there. */
  readonly registers: readonly string[];
  readonly missing: readonly string[];
  readonly path: readonly string[];
}

/**
 * Devices whose node ids are a prefix followed by the paths of a model, most of them there. Where several models fit a
 * prefix, the one of which most is there.
 */
export function devicesAmong(
  variables: readonly FoundVariable[],
  models: ReadonlyMap<string, DeviceModel>,
): readonly FoundDevice[] {
  const byPlace = new Map<string, FoundDevice>();
  for (const model of models.values()) {
    if (model.protocol !== 'opcua') continue;
    for (const device of devicesOf(model, variables)) {
      const place = `${device.namespace}\n${device.nodePrefix}`;
      const other = byPlace.get(place);
      if (!other || other.registers.length < device.registers.length) byPlace.set(place, device);
    }
  }
  return [...byPlace.values()];
}

function devicesOf(
  model: Extract<DeviceModel, { readonly protocol: 'opcua' }>,
  variables: readonly FoundVariable[],
): readonly FoundDevice[] {
  const places = new Map<string, { readonly first: FoundVariable; readonly registers: Set<string> }>();
  for (const variable of variables) {
    for (const { name, path } of model.registers) {
      if (variable.namespace === undefined || !variable.text?.endsWith(path)) continue;
      const place = `${variable.namespace}\n${variable.text.slice(0, -path.length)}`;
      const there = places.get(place) ?? { first: variable, registers: new Set<string>() };
      there.registers.add(name);
      places.set(place, there);
    }
  }
  return [...places].flatMap(([place, { first, registers }]): readonly FoundDevice[] => {
    if (registers.size * 2 < model.registers.length) return [];
    const [namespace = '', nodePrefix = ''] = place.split('\n');
    const names = model.registers.map(({ name }) => name);
    return [
      {
        model: model.id,
        namespace,
        nodePrefix,
        registers: names.filter((name) => registers.has(name)),
        missing: names.filter((name) => !registers.has(name)),
        path: first.path.slice(0, -1),
      },
    ];
  });
}
