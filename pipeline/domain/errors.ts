/**
 * Every error that the program throws is a MeteringError, sorted by who must act (docs/errors.md lists the codes;
 * a test keeps that page and the code in step).
 */
export const ERROR_ACTORS = {
  ConfigError: 'operator',
  DeviceError: 'field engineer',
  StoreError: 'infrastructure',
  RequestError: 'caller',
  CatalogueError: 'data steward',
  InvariantError: 'us',
} as const;

export type ErrorKind = keyof typeof ERROR_ACTORS;

export interface ErrorDetails {
  /** What to do about it, in one sentence. */
  readonly cure?: string;
  /** What may be written instead, where that can be listed. */
  readonly known?: readonly string[];
  /** File, line, register, address: where it is. */
  readonly place?: string;
  /** Ids and numbers for machines; never secrets. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause?: unknown;
  readonly retryable?: boolean;
}

export class MeteringError extends Error {
  readonly kind: ErrorKind;
  /** Stable, upper snake case. */
  readonly code: string;
  readonly cure: string | undefined;
  readonly known: readonly string[];
  readonly place: string | undefined;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;
  readonly retryable: boolean;

  constructor(kind: ErrorKind, code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = kind;
    this.kind = kind;
    this.code = code;
    this.cure = details.cure;
    this.known = details.known ?? [];
    this.place = details.place;
    this.context = details.context ?? {};
    this.retryable = details.retryable ?? (kind === 'DeviceError' || kind === 'StoreError');
  }
}

const maker =
  (kind: ErrorKind) =>
  (code: string, message: string, details?: ErrorDetails): MeteringError =>
    new MeteringError(kind, code, message, details);

/** The operator must act before the program can start or go on: configuration, site file, port, folder. */
export const configError = maker('ConfigError');
/** A field engineer must act: no answer, illegal address, wrong word order. Becomes a gap and an event. */
export const deviceError = maker('DeviceError');
/** Infrastructure must act: database, log, disk. Retryable. */
export const storeError = maker('StoreError');
/** The caller of a command or of the API must act. */
export const requestError = maker('RequestError');
/** The steward of factors and quotas must act. */
export const catalogueError = maker('CatalogueError');
/** A defect of the program. */
export const invariantError = maker('InvariantError');

const LISTED = 30;

/** What may be written instead of what is not known. */
export const oneOf = (all: readonly string[], lead = 'use one of'): Pick<Required<ErrorDetails>, 'cure' | 'known'> => {
  const known = all.length > LISTED ? [...all.slice(0, LISTED), '…'] : all;
  return { cure: `${lead} ${known.join(', ')}`, known };
};

export const isMeteringError = (error: unknown): error is MeteringError => error instanceof MeteringError;
