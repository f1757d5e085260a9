import { z } from 'zod';

/** Shapes of `civicmeter certificates` and `civicmeter browse`, as docs/cli.md shows them. */
const factsShape = {
  thumbprint: z.string().describe('SHA-1 in hex: how OPC UA names a certificate'),
  sha256: z.string(),
  subject: z.string(),
  issuer: z.string(),
  from: z.string().describe('valid from, ISO 8601'),
  to: z.string().describe('valid to, ISO 8601'),
  valid: z.boolean().describe('now is between from and to'),
  applicationUri: z.string().nullable(),
  hosts: z.array(z.string()),
};

const ownSchema = z.strictObject({ ...factsShape, file: z.string() });
const listedSchema = z.strictObject({
  ...factsShape,
  server: z.string().nullable().describe('endpoint that showed it; null: put there by hand'),
  seenAt: z.string().nullable(),
});

export const certificatesSchema = z.strictObject({
  folder: z.string(),
  own: ownSchema.nullable().describe('null: not made yet'),
  trusted: z.array(listedSchema),
  rejected: z.array(listedSchema),
  issuers: z.array(listedSchema),
});

export const movedCertificateSchema = z.strictObject({ ...factsShape, trusted: z.boolean() });
export const renewedCertificateSchema = ownSchema;

export const browseSchema = z.strictObject({
  endpoint: z.string(),
  site: z.string().describe('the site file, YAML'),
  devices: z.array(
    z.strictObject({
      model: z.string(),
      namespace: z.string(),
      nodePrefix: z.string(),
      registers: z.array(z.string()),
      missing: z.array(z.string()).describe('registers of the model that the server does not have'),
    }),
  ),
  variables: z.array(z.strictObject({ nodeId: z.string(), path: z.string() })),
  cut: z.boolean().describe('there is more than was walked through'),
});
