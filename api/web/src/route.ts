/** `#/institution/<id>` shows that institution; anything else the whole site. */
export const institutionHref = (id: string): string => `#/institution/${encodeURIComponent(id)}`;

export const institutionIn = (hash: string): string | undefined => {
  const id = /^#\/institution\/([^/?]+)$/.exec(hash)?.[1];
  try {
    return id === undefined ? undefined : decodeURIComponent(id);
  } catch {
    // typed by hand: a % that begins no character
    return undefined;
  }
};
