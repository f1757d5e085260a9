type Numbers = Uint8Array | Float64Array;

const SLAB_BYTES = 64 * 1024;

/**
 * Hands out small arrays as parts of large ones, all 0: a buffer of its own costs the engine some 300 bytes and its collector a visit. What is handed out is
 * never taken back; a slab goes with the last of its parts, so that parts should be of things that go at the same time.
 */
export function slabsOf<T extends Numbers>(make: new (length: number) => T): (length: number) => T {
  let slab = new make(0);
  let at = 0;
  return (length) => {
    if (length * slab.BYTES_PER_ELEMENT > SLAB_BYTES / 8) return new make(length);
    if (at + length > slab.length) {
      slab = new make(SLAB_BYTES / slab.BYTES_PER_ELEMENT);
      at = 0;
    }
    at += length;
    return slab.subarray(at - length, at) as T; // of the same kind
  };
}
