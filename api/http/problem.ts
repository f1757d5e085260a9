import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type ErrorKind, invariantError, isMeteringError, type MeteringError, requestError } from '#domain';
import type { Telemetry } from '#platform';

/** RFC 9457, with what every error of ours carries: a stable code, the place and the cure. */
export const problemSchema = z
  .strictObject({
    type: z.string().describe('urn:civicmeter:problem:<code>'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().describe('stable, see docs/errors.md'),
    place: z.string().optional(),
    cure: z.string().optional(),
    retryable: z.boolean(),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;

const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  RequestError: 400,
  ConfigError: 500,
  DeviceError: 503,
  StoreError: 503,
  CatalogueError: 422,
  InvariantError: 500,
};

const TITLE_OF_KIND: Readonly<Record<ErrorKind, string>> = {
  RequestError: 'The request cannot be answered as it stands',
  ConfigError: 'The configuration must be corrected first',
  DeviceError: 'A device did not answer',
  StoreError: 'A store is not available',
  CatalogueError: 'The catalogue has no unambiguous row for this',
  InvariantError: 'A defect of the program',
};

const NOT_FOUND = new Set([
  'DOCUMENT_UNKNOWN',
  'EVENT_UNKNOWN',
  'INSTITUTION_UNKNOWN',
  'KEY_UNKNOWN',
  'POINT_UNKNOWN',
  'PREMISES_UNKNOWN',
  'REGISTER_UNKNOWN',
  'ROUTE_UNKNOWN',
  'ROW_UNKNOWN',
  'SITE_UNKNOWN',
  'SUBJECT_UNKNOWN',
  'VERSION_UNKNOWN',
]);
/** The request is well formed, but the state of the books or of this process forbids it. */
const CONFLICT = new Set([
  'CLOSE_UNCHANGED',
  'EVENT_SETTLED',
  'IMPORT_NOT_HERE',
  'MONTH_EMPTY',
  'MONTH_RUNNING',
  'SAME_PERSON',
  'TRACE_NOT_FROZEN',
]);
const OTHER: Readonly<Record<string, number>> = {
  HOST_REFUSED: 421,
  ORIGIN_REFUSED: 403,
  BODY_TOO_LARGE: 413,
  CONTENT_TYPE_REFUSED: 415,
  TOO_MANY_STREAMS: 503,
  INTAKE_BUSY: 429,
  INTAKE_FOREIGN: 403,
  KEY_REFUSED: 401,
};

/** Status by who must act; of a caller's errors 404 where a thing is not there, 409 where its state forbids the request. */
export function statusOf({ kind, code }: MeteringError): number {
  if (kind !== 'RequestError') return STATUS_OF_KIND[kind];
  if (NOT_FOUND.has(code)) return 404;
  if (CONFLICT.has(code)) return 409;
  return OTHER[code] ?? STATUS_OF_KIND[kind];
}

export function problemOf(error: MeteringError, instance: string): Problem {
  return {
    type: `urn:civicmeter:problem:${error.code}`,
    title: TITLE_OF_KIND[error.kind],
    status: statusOf(error),
    // what a defect says is for the log, not for the caller
    detail: error.kind === 'InvariantError' ? 'the program hit a state that must not occur' : error.message,
    instance,
    code: error.code,
    ...(error.place === undefined ? {} : { place: error.place }),
    ...(error.cure === undefined ? {} : { cure: error.cure }),
    retryable: error.retryable,
  };
}

/** Whatever was thrown, as an error of ours; `bodyLimit` of the route, bytes. */
function meteringErrorOf(error: unknown, bodyLimit: number): MeteringError {
  if (isMeteringError(error)) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error);
  const { code, statusCode, message } = frameworkError(error);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return requestError('BODY_TOO_LARGE', `the body is larger than the ${sizeText(bodyLimit)} that this route takes`, {
      place: 'body',
      cure: 'send it in parts',
    });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return requestError('CONTENT_TYPE_REFUSED', message, {
      place: 'header Content-Type',
      cure: 'see /api/openapi.json',
    });
  if (statusCode !== undefined && statusCode < 500)
    return requestError('REQUEST_INVALID', message, { cure: 'see /api/openapi.json', cause: error });
  return invariantError('UNEXPECTED', message, { cause: error, cure: 'report it with the log line of this time' });
}

const sizeText = (bytes: number): string =>
  bytes < 1_048_576 ? `${Math.floor(bytes / 1_024)} KB` : `${Math.floor(bytes / 1_048_576)} MB`;

const frameworkSchema = z.object({
  code: z.string().optional(),
  statusCode: z.number().optional(),
  message: z.string().default('unknown'),
});

const frameworkError = (error: unknown): z.infer<typeof frameworkSchema> => {
  const parsed = frameworkSchema.safeParse(error);
  return parsed.success ? parsed.data : { message: String(error) };
};

function invalidRequest(error: {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string;
}): MeteringError {
  const part = error.validationContext ?? 'request';
  const places = error.validation.map(({ instancePath, message = 'is not valid' }) => ({
    place: `${part}${instancePath === '/' ? '' : ` ${instancePath.slice(1)}`}`,
    message,
  }));
  return requestError('REQUEST_INVALID', places.map(({ place, message }) => `${place}: ${message}`).join('; '), {
    place: places.map(({ place }) => place).join(', '),
    cure: 'see /api/openapi.json for what this route takes',
  });
}

const failed = { level: 'error', message: 'request failed', labels: ['code'] } as const;

/** Answers with a problem; what is not the caller's doing is counted and logged, once, here. */
export function sendProblem(telemetry: Telemetry, thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = meteringErrorOf(thrown, request.routeOptions.bodyLimit);
  const problem = problemOf(error, request.url);
  if (problem.status >= 500) {
    telemetry.emit('requestFailed', failed, {
      code: error.code,
      route: request.routeOptions.url ?? 'none',
      error: error.message,
      cause: error.cause instanceof Error ? error.cause.stack : undefined,
    });
  }
  if (problem.status === 503) void reply.header('Retry-After', '2');
  // serialised here: an answer that broke its own schema must not be serialised by that schema again
  void reply
    .code(problem.status)
    .header('Cache-Control', 'no-store')
    .type('application/problem+json')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problem);
}
