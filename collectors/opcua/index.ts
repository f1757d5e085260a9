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
export { type Browsed, browseServer, devicesAmong, type FoundDevice } from './browse.ts';
export { opcUaClient } from './client.ts';
export { firstSite } from './first-site.ts';
export { routeLibraryLog } from './library-log.ts';
