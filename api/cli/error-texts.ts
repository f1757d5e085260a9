/** The errors in Chinese, by code; docs/errors.md is held in step with it. */
export const ERROR_TEXTS: Readonly<Record<string, { readonly what: string; readonly cure: string } | undefined>> = {};
