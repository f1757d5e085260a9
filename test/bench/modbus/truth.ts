/** The word that server.c gives in its n-th answer of a unit. Words 0 and 1 are n. */
export function wordOf(seed: number, unit: number, address: number, n: number): number {
  if (address === 0) return n & 0xffff;
  if (address === 1) return n >>> 16;
  let hash = (seed + Math.imul(unit, 0x9e3779b1) + Math.imul(address, 0x85ebca77) + Math.imul(n, 0xc2b2ae3d)) | 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) & 0xffff;
}
