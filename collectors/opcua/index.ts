export { type CertificateFacts } from './certificate.ts';
export { createOpcUaCollector, createOpcUaCollectors } from './collector.ts';
export {
  listCertificates,
  ownCertificate,
  rejectCertificate,
  renewCertificate,
  trustCertificate,
  type ListedCertificate,
  type TrustList,
} from './trust.ts';
